-- Figures roll up by facility too: a follow-up knows whose visit made it due.
alter table care.follow_up add column facility_id uuid;
update care.follow_up f set facility_id = v.facility_id from care.visit v where v.county_code = f.county_code and v.id = f.visit_id;
create index visit_by_facility on care.visit (county_code, facility_id, visited_on);
create index follow_up_by_facility on care.follow_up (county_code, facility_id, closes_on);

-- Days with stock: how many days of a month a facility had, or had not, something of a product on its shelves; both are kept, 0 too.
create index stock_movement_by_facility on supplies.stock_movement (county_code, facility_id, product_code, moved_on);
create table evaluation.stock_month (
  county_code text not null,
  facility_id uuid not null,
  product_code text not null,
  month_on date not null,
  stocked boolean not null,
  place_code text not null,
  days integer not null,
  constraint stock_month_pkey primary key (county_code, facility_id, product_code, month_on, stocked)
);
create index stock_month_by_place on evaluation.stock_month (county_code, place_code, month_on);
select ops.by_county('evaluation.stock_month'), ops.wall('evaluation.stock_month', 'county');
grant insert, update, delete on evaluation.stock_month to zhiyuan_count;
create policy kept on evaluation.stock_month to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));
-- Days pass without anything happening: the day up to which stock was counted.
alter table evaluation.memory add column as_of_day date;
