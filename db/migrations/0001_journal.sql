-- The ground: helpers that know of Citus (docs/adr/0003), the journal, accounts and sessions.
create extension if not exists pg_trgm;
create schema ops;
create function ops.is_cluster() returns boolean language sql stable as
$$ select exists (select 1 from pg_extension where extname = 'citus') $$;
create function ops.by_county(t regclass) returns void language plpgsql as $$
begin
  if ops.is_cluster() then
    execute format('select create_distributed_table(%L, %L, colocate_with := %L)',
                   t::text, 'county_code', case when t::text = 'journal.pen' then 'none' else 'journal.pen' end);
  end if;
end $$;
create function ops.by_key(t regclass, col text) returns void language plpgsql as $$
begin
  if ops.is_cluster() then
    execute format('select create_distributed_table(%L, %L, colocate_with := %L)', t::text, col, 'none');
  end if;
end $$;

-- Two walls (HOUSE §1.11): the second is here. ops.wall(t, 'county') opens a table to its county; ops.wall(t, 'place') to its
-- county and to places inside the actor's. Counting reads whole counties and nothing else.
create function ops.wall(t regclass, kind text) returns void language plpgsql as $$
declare
  county constant text := 'county_code = nullif(current_setting(''app.county'', true), '''')';
  inside constant text := 'starts_with(place_code, nullif(current_setting(''app.place'', true), ''''))';
  clause constant text := case kind when 'place' then county || ' and ' || inside else county end;
begin
  execute format('alter table %s enable row level security', t);
  execute format('create policy its_own on %s to zhiyuan_app using (%s) with check (%s)', t, clause, clause);
  execute format('create policy counted on %s for select to zhiyuan_count using (%s)', t, county);
  execute format('grant select, insert, update on %s to zhiyuan_app', t);
  execute format('grant select on %s to zhiyuan_count', t);
end $$;
grant usage on schema ops to zhiyuan_app, zhiyuan_count;

create schema journal;
grant usage on schema journal to zhiyuan_app, zhiyuan_count;

create table journal.pen (
  county_code text not null,
  seq bigint not null default 0,
  constraint pen_pkey primary key (county_code),
  constraint pen_county_code_is_plain check (county_code ~ '^[0-9A-Za-z]{2,12}$')
);
select ops.by_county('journal.pen');
select ops.wall('journal.pen', 'county');

create table journal.entry (
  county_code text not null,
  seq bigint not null,
  id uuid not null,
  command text not null,
  place_code text not null,
  happened_on date,
  actor_id uuid not null,
  recorded_at timestamptz not null,
  input json not null,
  constraint entry_pkey primary key (county_code, seq),
  constraint entry_happens_once unique (county_code, id)
);
select ops.by_county('journal.entry');
select ops.wall('journal.entry', 'county');

create table journal.subject_key (
  county_code text not null,
  subject_id uuid not null,
  salt bytea,
  destroyed_at timestamptz,
  constraint subject_key_pkey primary key (county_code, subject_id)
);
select ops.by_county('journal.subject_key');
select ops.wall('journal.subject_key', 'county');

create schema access;
grant usage on schema access to zhiyuan_app, zhiyuan_count;

create table access.account (
  county_code text not null,
  id uuid not null,
  place_code text not null,
  login text not null,
  display_name text not null,
  role text not null,
  password_hash text not null,
  facility_id uuid,
  health_worker_id uuid,
  closed_on date,
  seq bigint not null,
  constraint account_pkey primary key (county_code, id),
  constraint account_login_is_free unique (county_code, login)
);
select ops.by_county('access.account');
select ops.wall('access.account', 'county');

-- Nation-wide unique: found by login alone, before the county is known.
create table access.login (
  login text not null,
  county_code text not null,
  account_id uuid not null,
  constraint login_pkey primary key (login)
);
select ops.by_key('access.login', 'login');
grant select, insert, update on access.login to zhiyuan_app;

create table access.session (
  token_hash text not null,
  county_code text not null,
  account_id uuid not null,
  opened_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null,
  constraint session_pkey primary key (token_hash)
);
select ops.by_key('access.session', 'token_hash');
grant select, insert, update, delete on access.session to zhiyuan_app;
