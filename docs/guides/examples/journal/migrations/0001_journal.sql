create table entries (id bigint generated always as identity primary key, text text not null);
create table tags (text text not null, tag text not null);
