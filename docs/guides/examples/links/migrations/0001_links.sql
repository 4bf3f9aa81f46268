create table links (code text primary key, url text not null, owner text not null);
