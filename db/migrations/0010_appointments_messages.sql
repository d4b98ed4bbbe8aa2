-- Sessions at stations: who serves when, in slots. Nothing about a person.
create table care.session (
  county_code text not null,
  id uuid not null,
  facility_id uuid not null,
  place_code text not null,
  held_on date not null,
  opens_at text not null,
  closes_at text not null,
  slot_minutes smallint not null,
  places_per_slot smallint not null,
  status text not null,
  seq bigint not null,
  constraint session_pkey primary key (county_code, id)
);
select ops.by_county('care.session');
select ops.wall('care.session', 'county');
create index session_by_day on care.session (county_code, held_on);

-- Appointments: FHIR statuses booked, arrived, fulfilled, cancelled; there is none for who did not come.
create table care.appointment (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  recorded_client_id uuid not null,
  session_id uuid not null,
  facility_id uuid not null,
  place_code text not null,
  held_on date not null,
  slot_at text not null,
  service text not null,
  status text not null,
  queue_number smallint,
  restricted boolean not null default false,
  seq bigint not null,
  constraint appointment_pkey primary key (county_code, id)
);
select ops.by_county('care.appointment');
-- [R2] Whoever booked and did not come is in no list, whoever asks: the day after, her row shows to herself alone.
select ops.people_wall('care.appointment', 'client_id',
  '(not restricted and (status <> ''booked'' or held_on >= (now() at time zone ''Asia/Shanghai'')::date)) or current_setting(''app.restricted'', true) = ''on''');
create index appointment_by_client on care.appointment (county_code, client_id, held_on);
create index appointment_by_session on care.appointment (county_code, session_id);
create index appointment_by_place on care.appointment (county_code, place_code, held_on);
create index appointment_by_seq on care.appointment (county_code, seq);

-- How a client wants to be told: by which channel, at which hours. Without a row nobody writes to her.
create table care.contact_choice (
  county_code text not null,
  client_id uuid not null,
  place_code text not null,
  channel text not null,
  email_sealed text,
  from_hour smallint not null,
  to_hour smallint not null,
  language text not null,
  seq bigint not null,
  constraint contact_choice_pkey primary key (county_code, client_id)
);
select ops.by_county('care.contact_choice');
select ops.people_wall('care.contact_choice', 'client_id', 'true');
grant delete on care.contact_choice to zhiyuan_app;

-- Messages that wait or went: never what they say, never the address; both are read when they are sent. Not from the journal: a replay sends nothing again.
create table care.message (
  county_code text not null,
  id uuid not null,
  client_id uuid not null,
  place_code text not null,
  kind text not null,
  about_id uuid not null,
  about_slot text not null,
  channel text,
  status text not null,
  attempts smallint not null default 0,
  next_at timestamptz not null,
  last_at timestamptz,
  trouble text,
  constraint message_pkey primary key (county_code, id)
);
select ops.by_county('care.message');
select ops.people_wall('care.message', 'client_id', 'true');
create index message_by_client on care.message (county_code, client_id);
create index message_that_waits on care.message (county_code, next_at) where status = 'queued';
