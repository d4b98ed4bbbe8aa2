-- An import is done under the duty of whoever uploaded it, no wider.
alter table exchange.import add column duty_id uuid;
