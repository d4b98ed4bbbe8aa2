-- What retention deleted, each day, for the privacy officer to read: kinds and numbers, nothing of what it was.
create table rights.retention (
  county_code text not null,
  at timestamptz not null,
  what text not null,
  reason text not null,
  deleted bigint not null,
  constraint retention_pkey primary key (county_code, at, what)
);
select ops.by_county('rights.retention');
select ops.wall('rights.retention', 'county');
