-- supplies: with what.
create schema supplies;
grant usage on schema supplies to zhiyuan_app, zhiyuan_count;

create table supplies.stock_movement (
  county_code text not null,
  id uuid not null,
  place_code text not null,
  facility_id uuid not null,
  product_code text not null,
  kind text not null,
  moved_on date not null,
  quantity integer not null,
  visit_id uuid,
  seq bigint not null,
  constraint stock_movement_pkey primary key (county_code, id)
);
select ops.by_county('supplies.stock_movement');
select ops.wall('supplies.stock_movement', 'county');

create table supplies.stock_on_hand (
  county_code text not null,
  facility_id uuid not null,
  product_code text not null,
  quantity bigint not null,
  seq bigint not null,
  constraint stock_on_hand_pkey primary key (county_code, facility_id, product_code)
);
select ops.by_county('supplies.stock_on_hand');
select ops.wall('supplies.stock_on_hand', 'county');

-- care: what was done. That client and facility are there is asked by the handlers, once for a batch: as foreign keys the two
-- questions cost 30 µs a visit, a third of its writing (measured; docs/adr/0005).
create schema care;
grant usage on schema care to zhiyuan_app, zhiyuan_count;

create table care.visit (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  recorded_client_id uuid not null,
  visited_on date not null,
  served_on date,
  facility_id uuid not null,
  health_worker_id uuid,
  place_code text not null,
  seq bigint not null,
  charge_fen integer not null,
  quantity integer,
  version smallint not null,
  client_age smallint not null,
  client_sex text not null,
  residence text not null,
  service text not null,
  decision text not null,
  honoured boolean not null,
  follow_up_consented boolean not null,
  on_free_list boolean not null,
  voided boolean not null,
  -- contraception
  client_is text,
  informed_points text[],
  methods_explained text[],
  none_explained boolean,
  choice_by text,
  method_before text,
  method_chosen text,
  method_received boolean,
  not_received_reason text,
  product_code text,
  procedure text,
  operator_number text,
  consent_by text,
  consent_signed_on date,
  consent_version text,
  consent_complete boolean,
  complication boolean,
  serious_accident boolean,
  -- preconception
  partner_examined boolean,
  items_done text[],
  risk text,
  high_risk boolean,
  advised_face_to_face boolean,
  folic_offered boolean,
  folic_wanted boolean,
  folic_given_full boolean,
  folic_kept boolean,
  -- screening
  common_disease_offered boolean,
  cervical_offered boolean,
  four_ones text[],
  cervical_method text,
  result text,
  finding_kinds text[],
  note text,
  recorded_at timestamptz not null,
  constraint visit_pkey primary key (county_code, id),
  constraint procedure_has_own_complete_consent check (procedure is null or coalesce(consent_complete and consent_by = 'client', false))
);
select ops.by_county('care.visit');
select ops.wall('care.visit', 'place');
create index visit_by_client on care.visit (county_code, client_id, visited_on);
create index visit_by_place on care.visit (county_code, place_code, visited_on);
-- The rows behind a figure, newest first, where they are few among many.
create index visit_by_day_of_procedure on care.visit (county_code, visited_on) where procedure is not null;
create index visit_by_day_of_check on care.visit (county_code, visited_on) where service <> 'contraception';
create index visit_by_seq on care.visit (county_code, seq);

create table care.visit_before (
  county_code text not null,
  id uuid not null,
  version smallint not null,
  place_code text not null,
  visited_on date not null,
  client_id uuid not null,
  row json not null,
  seq bigint not null,
  constraint visit_before_pkey primary key (county_code, id, version)
);
select ops.by_county('care.visit_before');
select ops.wall('care.visit_before', 'place');
create index visit_before_by_seq on care.visit_before (county_code, seq);

create table care.follow_up (
  county_code text not null,
  id uuid not null,
  visit_id uuid not null,
  client_id uuid not null,
  recorded_client_id uuid not null,
  opens_on date not null,
  due_on date not null,
  closes_on date not null,
  done_on date,
  in_window boolean,
  consented boolean not null,
  voided boolean not null,
  step smallint not null,
  kind text not null,
  status text not null,
  outcome text,
  place_code text not null,
  seq bigint not null,
  constraint follow_up_pkey primary key (county_code, id)
);
select ops.by_county('care.follow_up');
select ops.wall('care.follow_up', 'place');
create index follow_up_by_client on care.follow_up (county_code, client_id, due_on);
create index follow_up_by_place on care.follow_up (county_code, place_code, closes_on);
create index follow_up_by_seq on care.follow_up (county_code, seq);
