-- evaluation: did it work. Everything here can be counted again from the chapters before it.
create schema evaluation;
grant usage on schema evaluation to zhiyuan_app, zhiyuan_count;

-- What has been counted: up to which journal number, with which book, from which month, up to which month.
create table evaluation.memory (
  county_code text not null,
  seq bigint not null,
  book_digest text not null,
  first_month integer not null,
  oldest_month integer not null,
  as_of_month integer not null,
  counted_at timestamptz not null,
  constraint memory_pkey primary key (county_code)
);
-- A person's months: per client, place and measure one bit for each month since memory.first_month (docs/adr/0004).
create table evaluation.person_mask (
  county_code text not null,
  source text not null,
  client_id uuid not null,
  place_code text not null,
  masks bigint[] not null,
  constraint person_mask_pkey primary key (county_code, source, client_id, place_code)
);
-- Rows counted per place and month.
create table evaluation.tally (
  county_code text not null,
  source text not null,
  place_code text not null,
  month integer not null,
  counts bigint[] not null,
  constraint tally_pkey primary key (county_code, source, place_code, month)
);
-- The figures: one array of counts per place and period, in the order of the book's measures.
create table evaluation.cell (
  county_code text not null,
  period text not null,
  place_code text not null,
  counts bigint[] not null,
  constraint cell_pkey primary key (county_code, period, place_code)
);
-- Official denominators, added up to every place: people of the year.
create table evaluation.official (
  county_code text not null,
  key text not null,
  year smallint not null,
  place_code text not null,
  people bigint not null,
  constraint official_pkey primary key (county_code, year, key, place_code)
);
select ops.by_county(t::regclass), ops.wall(t::regclass, 'county') from unnest(array['evaluation.memory', 'evaluation.person_mask', 'evaluation.tally', 'evaluation.cell', 'evaluation.official']) t;
grant insert, update, delete on all tables in schema evaluation to zhiyuan_count;
create policy kept on evaluation.memory to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));
create policy kept on evaluation.person_mask to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));
create policy kept on evaluation.tally to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));
create policy kept on evaluation.official to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));
create policy kept on evaluation.cell to zhiyuan_count using (county_code = nullif(current_setting('app.county', true), ''));

-- exchange: talk to others.
create schema exchange;
grant usage on schema exchange to zhiyuan_app, zhiyuan_count;
create table exchange.import (
  county_code text not null,
  id uuid not null,
  actor_id uuid not null,
  file_name text not null,
  file_path text not null,
  status text not null,
  rows_total bigint not null default 0,
  rows_done bigint not null default 0,
  report json,
  opened_at timestamptz not null,
  changed_at timestamptz not null,
  constraint import_pkey primary key (county_code, id)
);
select ops.by_county('exchange.import');
select ops.wall('exchange.import', 'county');
