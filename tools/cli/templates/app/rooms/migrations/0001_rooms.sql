CREATE TABLE rooms (
  name text PRIMARY KEY,
  seats integer NOT NULL CHECK (seats > 0)
);

CREATE TABLE bookings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  room text NOT NULL REFERENCES rooms (name),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
  title text NOT NULL
);

CREATE INDEX bookings_by_room ON bookings (room, starts_at);

INSERT INTO rooms (name, seats) VALUES ('oak', 4), ('ash', 8), ('elm', 20);
