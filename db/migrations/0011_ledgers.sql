-- The journal, the log of looks and the emergencies say who came for care: a county's ledgers are read by the program's own work
-- (numbering, checking, replaying: app.ledger), and of them only what the privacy officer's desk holds, or what concerns herself.
-- No question of the care team or of anybody else sees a row, whatever condition it forgets. What is written stays written.
do $$
declare
  county constant text := 'county_code = nullif(current_setting(''app.county'', true), '''')';
  inside constant text := 'starts_with(place_code, nullif(current_setting(''app.place'', true), ''''))';
  ledger constant text := 'current_setting(''app.ledger'', true) = ''on''';
  desk constant text := 'current_setting(''app.desk'', true) in (''privacy'', ''all'')';
  herself constant text := 'nullif(current_setting(''app.client'', true), '''')::uuid';
begin
  drop policy its_own on journal.entry;
  execute format('create policy its_own on journal.entry for select to zhiyuan_app using (%s and %s)', county, ledger);
  execute format('create policy written on journal.entry for insert to zhiyuan_app with check (%s and %s)', county, inside);
  revoke update on journal.entry from zhiyuan_app;

  drop policy its_own on access.look;
  execute format('create policy its_own on access.look for select to zhiyuan_app using (%s and (%s or %s or coalesce(%s = any(client_ids), false)))', county, ledger, desk, herself);
  execute format('create policy written on access.look for insert to zhiyuan_app with check (%s)', county);
  drop policy counted on access.look;

  drop policy its_own on rights.break_glass;
  execute format('create policy its_own on rights.break_glass to zhiyuan_app using (%s and (%s or %s or coalesce(client_id = %s, false))) with check (%s and (%s or %s))',
                 county, ledger, desk, herself, county, ledger, desk);
  drop policy counted on rights.break_glass;
end $$;
