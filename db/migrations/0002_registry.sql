-- registry: where and who.
create schema registry;
grant usage on schema registry to zhiyuan_app, zhiyuan_count;

create table registry.place (
  county_code text not null,
  place_code text not null,
  parent_code text,
  level text not null,
  name_zh text not null,
  name_en text,
  official_code text,
  valid_from date not null,
  valid_until date,
  succeeded_by text[],
  seq bigint not null,
  constraint place_pkey primary key (county_code, place_code),
  constraint place_lies_in_its_parent check (parent_code is null or (starts_with(place_code, parent_code) and place_code <> parent_code)),
  constraint place_parent_is_known foreign key (county_code, parent_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.place');
select ops.wall('registry.place', 'county');

create table registry.population (
  county_code text not null,
  place_code text not null,
  year smallint not null,
  sex text not null,
  age_from smallint not null,
  age_to smallint not null,
  residence text not null,
  people integer not null constraint population_is_a_count check (people >= 0),
  source text not null,
  seq bigint not null,
  constraint population_pkey primary key (county_code, year, place_code, sex, age_from, residence),
  constraint population_place_is_known foreign key (county_code, place_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.population');
select ops.wall('registry.population', 'county');

create table registry.estimate (
  county_code text not null,
  place_code text not null,
  year smallint not null,
  name text not null,
  people integer not null constraint estimate_is_a_count check (people >= 0),
  method text not null,
  source text not null,
  seq bigint not null,
  constraint estimate_pkey primary key (county_code, year, place_code, name),
  constraint estimate_place_is_known foreign key (county_code, place_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.estimate');
select ops.wall('registry.estimate', 'county');

create table registry.birth_count (
  county_code text not null,
  place_code text not null,
  month_on date not null,
  sex text not null,
  births integer not null constraint births_are_a_count check (births >= 0),
  source text not null,
  seq bigint not null,
  constraint birth_count_pkey primary key (county_code, month_on, place_code, sex),
  constraint birth_count_place_is_known foreign key (county_code, place_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.birth_count');
select ops.wall('registry.birth_count', 'county');

create table registry.facility (
  county_code text not null,
  id uuid not null,
  place_code text not null,
  facility_number text not null,
  kind text not null,
  name_zh text not null,
  name_en text,
  valid_from date not null,
  valid_until date,
  seq bigint not null,
  constraint facility_pkey primary key (county_code, id),
  constraint facility_number_is_free unique (county_code, facility_number),
  constraint facility_place_is_known foreign key (county_code, place_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.facility');
select ops.wall('registry.facility', 'county');

create table registry.health_worker (
  county_code text not null,
  id uuid not null,
  place_code text not null,
  worker_number text not null,
  facility_id uuid not null,
  name text not null,
  post text not null,
  valid_from date not null,
  valid_until date,
  seq bigint not null,
  constraint health_worker_pkey primary key (county_code, id),
  constraint worker_number_is_free unique (county_code, worker_number),
  constraint health_worker_facility_is_known foreign key (county_code, facility_id) references registry.facility (county_code, id)
);
select ops.by_county('registry.health_worker');
select ops.wall('registry.health_worker', 'county');

create table registry.client (
  county_code text not null,
  id uuid not null,
  place_code text not null,
  record_number text not null,
  name text not null,
  name_pinyin text not null,
  name_initials text not null,
  sex text not null,
  born_on date not null,
  residence text not null,
  contact_reason text not null,
  contacted_on date not null,
  phone_sealed text,
  phone_index text,
  id_number_sealed text,
  id_number_index text,
  follow_up_consented boolean not null,
  merged_into_id uuid,
  version integer not null,
  recorded_at timestamptz not null,
  seq bigint not null,
  constraint client_pkey primary key (county_code, id),
  constraint record_number_is_free unique (county_code, record_number),
  constraint client_place_is_known foreign key (county_code, place_code) references registry.place (county_code, place_code)
);
select ops.by_county('registry.client');
select ops.wall('registry.client', 'place');
create index client_by_name on registry.client (county_code, name collate "C", id) where merged_into_id is null;
create index client_by_pinyin on registry.client (county_code, name_pinyin collate "C", id) where merged_into_id is null;
create index client_by_initials on registry.client (county_code, name_initials collate "C", id) where merged_into_id is null;
create index client_by_birth on registry.client (county_code, born_on, name_pinyin);
create index client_by_phone on registry.client (county_code, phone_index) where phone_index is not null;
create index client_by_id_number on registry.client (county_code, id_number_index) where id_number_index is not null;
create index client_by_seq on registry.client (county_code, seq);

create table registry.client_before (
  county_code text not null,
  id uuid not null,
  version integer not null,
  place_code text not null,
  row json not null,
  seq bigint not null,
  constraint client_before_pkey primary key (county_code, id, version)
);
select ops.by_county('registry.client_before');
select ops.wall('registry.client_before', 'place');

create table registry.duplicate (
  county_code text not null,
  client_id uuid not null,
  other_id uuid not null,
  place_code text not null,
  score smallint not null,
  reasons text[] not null,
  status text not null,
  seq bigint not null,
  constraint duplicate_pkey primary key (county_code, client_id, other_id)
);
select ops.by_county('registry.duplicate');
select ops.wall('registry.duplicate', 'place');
create index duplicate_open on registry.duplicate (county_code, score desc, client_id, other_id) where status = 'open';
create index duplicate_by_other on registry.duplicate (county_code, other_id);

-- The longest beginning two place codes share, or the county's code: pure, so that it may stand in any row's expression.
create function registry.common_place(a text, b text, county text) returns text language sql immutable as $$
  select case when a = b then a when starts_with(a, b) then b when starts_with(b, a) then a
    else coalesce((select left(a, n) from generate_series(length(a) - 1, length(county), -1) n where left(a, n) = left(b, n) limit 1), county) end
$$;
