-- One truth about being followed up: what she agreed to stands in purposes; a visit's yes that is older than her last no changes nothing.
alter table registry.client add column follow_up_refused_on date;

-- Whose change made a version, and what it changed: an edit made on an older version is merged field by field.
alter table registry.client_before add column changed text[] not null default '{}', add column entry_id uuid;

-- Two values for one field: both are kept until somebody decides; what a declared rule decided is kept beside it.
create table registry.conflict (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  place_code text not null,
  field text not null,
  value text,
  value_sealed text,
  made_by uuid not null,
  made_at timestamptz not null,
  status text not null,
  decided_by uuid,
  seq bigint not null,
  constraint conflict_pkey primary key (county_code, id)
);
select ops.by_county('registry.conflict');
select ops.people_wall('registry.conflict', 'client_id', 'true');
grant delete on registry.conflict to zhiyuan_app;
create index conflict_by_client on registry.conflict (county_code, client_id);
create index conflict_by_seq on registry.conflict (county_code, seq);
