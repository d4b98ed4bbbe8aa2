-- People protected: the chained journal, duties, the wall around clients' rows, consent, who looked, requests, complaints.

-- Every entry carries a keyed hash over itself and the entry before it; the pen keeps the last. What was written before this
-- migration stands outside the chain: chained_from says up to where.
alter table journal.pen add column hash text not null default '', add column chained_from bigint not null default 0;
update journal.pen set chained_from = seq;
alter table journal.entry add column hash text not null default '';

-- A client's key is a random key kept wrapped by the installation's key, so that the latter can be changed (docs/adr/0006).
comment on column journal.subject_key.salt is 'wrapped key; 32 bytes: a salt of the first format';

-- access: an account holds duties, each for a place, from a day to a day.
create table access.duty (
  county_code text not null,
  id uuid not null,
  account_id uuid not null,
  duty text not null,
  place_code text not null,
  facility_id uuid,
  health_worker_id uuid,
  from_on date,
  until_on date,
  seq bigint not null,
  constraint duty_pkey primary key (county_code, id)
);
select ops.by_county('access.duty');
select ops.wall('access.duty', 'county');
create index duty_by_account on access.duty (county_code, account_id);
insert into access.duty (county_code, id, account_id, duty, place_code, facility_id, health_worker_id, seq)
  select county_code, id, id, role, place_code, facility_id, health_worker_id, seq from access.account;
alter table access.account drop column role, drop column facility_id, drop column health_worker_id,
  add column totp_sealed text;

create table access.passkey (
  county_code text not null,
  id text not null,
  account_id uuid,
  client_id uuid,
  public_key text not null,
  name text not null,
  added_at timestamptz not null,
  removed_at timestamptz,
  seq bigint not null,
  constraint passkey_pkey primary key (county_code, id)
);
select ops.by_county('access.passkey');
select ops.wall('access.passkey', 'county');

-- Sessions know the duty they act under, or the client whose own record they show; a revoked one stays, so that its phone is told.
delete from access.session;
alter table access.session alter column account_id drop not null,
  add column id uuid not null,
  add column kind text not null,
  add column duty_id uuid,
  add column client_id uuid,
  add column device_name text,
  add column must_change boolean not null default false,
  add column revoked_at timestamptz;
create index session_by_account on access.session (county_code, account_id);

-- What is found by itself alone, before a county is known; short-lived, not in the journal.
create table access.code (
  code_hash text not null,
  county_code text not null,
  client_id uuid not null,
  issued_by uuid not null,
  issued_at timestamptz not null,
  ends_at timestamptz not null,
  used_at timestamptz,
  constraint code_pkey primary key (code_hash)
);
create table access.challenge (
  id text not null,
  purpose text not null,
  challenge text not null,
  holder_id uuid,
  ends_at timestamptz not null,
  constraint challenge_pkey primary key (id)
);
create table access.attempt (
  key varchar(255) not null,
  points integer not null default 0,
  expire bigint,
  constraint attempt_pkey primary key (key)
);
select ops.by_key('access.code', 'code_hash'), ops.by_key('access.challenge', 'id'), ops.by_key('access.attempt', 'key');
grant select, insert, update, delete on access.code, access.challenge, access.attempt to zhiyuan_app;

-- registry: what a client has agreed to, and whether her record is shut (care withdrawn, restricted, erased).
alter table registry.client
  add column purposes text[] not null default '{care}',
  add column restricted boolean not null default false,
  add column erased boolean not null default false,
  add column name_sealed text,
  add column born_on_sealed text,
  add column record_number_sealed text;
update registry.client set purposes = '{care,follow_up}' where follow_up_consented;
grant delete on registry.duplicate to zhiyuan_app;
-- A client who left a place's lists: phones take her off at the next pull.
create table registry.departure (
  county_code text not null,
  seq bigint not null,
  client_id uuid not null,
  place_code text not null,
  reason text not null,
  constraint departure_pkey primary key (county_code, seq, client_id)
);
select ops.by_county('registry.departure');
select ops.wall('registry.departure', 'place');
alter table care.visit add column restricted boolean not null default false, add column note_sealed text;
alter table care.follow_up add column restricted boolean not null default false;

-- The wall around clients' rows: the care team of the place, or the client herself; a shut record opens only for the work of rights.
create function ops.people_wall(t regclass, client_column text, shut text) returns void language plpgsql as $$
declare
  county constant text := 'county_code = nullif(current_setting(''app.county'', true), '''')';
  team constant text := 'current_setting(''app.people'', true) = ''on'' and starts_with(place_code, nullif(current_setting(''app.place'', true), ''''))';
  own constant text := format('%I = nullif(current_setting(''app.client'', true), '''')::uuid', client_column);
begin
  execute format('alter table %s enable row level security', t);
  execute format('drop policy if exists its_own on %s', t);
  -- As a case, the planner takes it for true of half the rows; as conditions it would believe that a place holds one row in two hundred,
  -- and sort whole tables for the first page of a list (measured: 8 ms instead of 2).
  execute format('create policy its_own on %s to zhiyuan_app using (%s and case when %s and (%s) then true else coalesce(%s, false) end) with check (%s and ((%s) or %s))', t, county, team, shut, own, county, team, own);
  execute format('drop policy if exists counted on %s', t);
  execute format('create policy counted on %s for select to zhiyuan_count using (%s)', t, county);
  execute format('grant select, insert, update on %s to zhiyuan_app', t);
  execute format('grant select on %s to zhiyuan_count', t);
end $$;
select ops.people_wall('registry.client', 'id', 'not restricted or current_setting(''app.restricted'', true) = ''on'''),
       ops.people_wall('care.visit', 'client_id', 'not restricted or current_setting(''app.restricted'', true) = ''on'''),
       ops.people_wall('care.follow_up', 'client_id', 'not restricted or current_setting(''app.restricted'', true) = ''on'''),
       ops.people_wall('registry.client_before', 'id', 'true'),
       ops.people_wall('care.visit_before', 'client_id', 'true'),
       ops.people_wall('registry.duplicate', 'client_id', 'true');

-- rights: what protects people.
create schema rights;
grant usage on schema rights to zhiyuan_app, zhiyuan_count;

create table rights.consent (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  place_code text not null,
  purpose text not null,
  text_version text not null,
  language text not null,
  given_on date not null,
  given_by text not null,
  how text not null,
  signature_sealed text,
  witness_sealed text,
  guardian_sealed text,
  withdrawn_on date,
  withdrawn_by text,
  seq bigint not null,
  constraint consent_pkey primary key (county_code, id)
);
select ops.by_county('rights.consent');
select ops.people_wall('rights.consent', 'client_id', 'true');
create index consent_by_client on rights.consent (county_code, client_id, given_on);
create unique index one_consent_per_purpose on rights.consent (county_code, client_id, purpose) where withdrawn_on is null;

-- Who looked: numbered without gaps, each row hashed with the one before it under a key the database does not have.
create table access.look (
  county_code text not null,
  n bigint not null,
  at timestamptz not null,
  account_id uuid,
  session_id uuid,
  duty text not null,
  place_code text not null,
  action text not null,
  what text not null,
  client_ids uuid[] not null,
  detail text not null,
  hash text not null,
  constraint look_pkey primary key (county_code, n)
);
select ops.by_county('access.look');
select ops.wall('access.look', 'county');
revoke update on access.look from zhiyuan_app;
create index look_by_client on access.look using gin (client_ids);

create table access.look_chain (
  county_code text not null,
  n bigint not null,
  hash text not null,
  constraint look_chain_pkey primary key (county_code)
);
select ops.by_county('access.look_chain');
select ops.wall('access.look_chain', 'county');

-- A day's last numbers and hashes, to be printed or sent out: what was true that evening cannot be rewritten unseen.
create table access.anchor (
  county_code text not null,
  day date not null,
  look_n bigint not null,
  look_hash text not null,
  journal_seq bigint not null,
  journal_hash text not null,
  made_at timestamptz not null,
  constraint anchor_pkey primary key (county_code, day)
);
select ops.by_county('access.anchor');
select ops.wall('access.anchor', 'county');
revoke update on access.anchor from zhiyuan_app;

create table rights.break_glass (
  county_code text not null,
  id uuid not null,
  account_id uuid not null,
  client_id uuid not null,
  place_code text not null,
  reason text not null,
  opened_at timestamptz not null,
  ends_at timestamptz not null,
  verdict text,
  review text,
  reviewed_by uuid,
  reviewed_at timestamptz,
  seq bigint not null,
  constraint break_glass_pkey primary key (county_code, id)
);
select ops.by_county('rights.break_glass');
select ops.wall('rights.break_glass', 'county');
create index break_glass_by_client on rights.break_glass (county_code, client_id, ends_at);

create table rights.data_request (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  place_code text not null,
  kind text not null,
  words_sealed text,
  opened_on date not null,
  due_on date not null,
  status text not null,
  decision text,
  reason text,
  decided_on date,
  seq bigint not null,
  constraint data_request_pkey primary key (county_code, id)
);
select ops.by_county('rights.data_request');
select ops.people_wall('rights.data_request', 'client_id', 'true');
-- The privacy officer's desk.
create policy at_desk on rights.data_request to zhiyuan_app
  using (county_code = nullif(current_setting('app.county', true), '') and current_setting('app.desk', true) in ('privacy', 'all'))
  with check (county_code = nullif(current_setting('app.county', true), '') and current_setting('app.desk', true) in ('privacy', 'all'));
create index data_request_by_client on rights.data_request (county_code, client_id);

-- Complaints: read by the ombudsperson alone (app.desk), who is not of the unit accused.
create table rights.complaint (
  county_code text not null,
  id uuid not null,
  tracking_hash text not null,
  kind text not null,
  facility_id uuid,
  place_code text not null,
  about_on date,
  words_sealed text not null,
  name_sealed text,
  contact_sealed text,
  is_anonymous boolean not null,
  opened_on date not null,
  acknowledge_by date not null,
  decide_by date not null,
  acknowledged_on date,
  extended_on date,
  extension_reason text,
  decided_on date,
  outcome text,
  answer text,
  remedy text,
  review_by date,
  review_asked_on date,
  review_decide_by date,
  review_decided_on date,
  review_outcome text,
  status text not null,
  seq bigint not null,
  constraint complaint_pkey primary key (county_code, id)
);
select ops.by_county('rights.complaint');
create index complaint_by_code on rights.complaint (county_code, tracking_hash);

create table rights.evidence (
  county_code text not null,
  id uuid not null,
  complaint_id uuid not null,
  file_name_sealed text not null,
  media_type text not null,
  bytes integer not null,
  sha256 text not null,
  added_on date not null,
  seq bigint not null,
  constraint evidence_pkey primary key (county_code, id)
);
select ops.by_county('rights.evidence');

do $$
declare
  t text;
  county constant text := 'county_code = nullif(current_setting(''app.county'', true), '''')';
  desk constant text := 'current_setting(''app.desk'', true) in (''complaints'', ''all'')';
begin
  foreach t in array array['rights.complaint', 'rights.evidence'] loop
    execute format('alter table %s enable row level security', t);
    execute format('create policy its_own on %s to zhiyuan_app using (%s and %s) with check (%s and %s)', t, county, desk, county, desk);
    execute format('grant select, insert, update on %s to zhiyuan_app', t);
  end loop;
end $$;
-- What the unit, the public and the evaluation may know of a decided complaint: nothing of who complained.
create table rights.complaint_outcome (
  county_code text not null,
  complaint_id uuid not null,
  year smallint not null,
  kind text not null,
  place_code text not null,
  facility_id uuid,
  outcome text not null,
  blinded_summary text,
  remedy text,
  seq bigint not null,
  constraint complaint_outcome_pkey primary key (county_code, complaint_id)
);
select ops.by_county('rights.complaint_outcome');
select ops.wall('rights.complaint_outcome', 'county');
