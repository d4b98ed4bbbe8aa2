-- What counts people is the counter's alone; an import, whose report holds people's rows, is seen by whoever uploaded it and by the program's own work.
drop policy its_own on evaluation.person_mask;
drop policy its_own on evaluation.tally;
revoke all on evaluation.person_mask, evaluation.tally from zhiyuan_app;
drop policy its_own on exchange.import;
drop policy counted on exchange.import;
create policy its_own on exchange.import to zhiyuan_app
  using (county_code = nullif(current_setting('app.county', true), '')
         and (actor_id = nullif(current_setting('app.account', true), '')::uuid or current_setting('app.ledger', true) = 'on'))
  with check (county_code = nullif(current_setting('app.county', true), '')
         and (actor_id = nullif(current_setting('app.account', true), '')::uuid or current_setting('app.ledger', true) = 'on'));
