#!/bin/sh
# Boundary: outlives the launcher to clear up after it. Its standard input is a pipe that only the launcher holds:
# the line "now" or the end of the input starts the clearing up. Nothing that lives is harmed unless it is ours.
#   usage: guardian.sh HOME
home=$1
trap '' HUP INT TERM

# A dead process that nobody has waited for yet has no command line any more, and is not alive to us.
command_of() {
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null
  else
    ps -o command= -p "$1" 2>/dev/null
  fi
}

pid_in_json() {
  sed -n 's/.*"pid"[[:space:]]*:[[:space:]]*\([0-9][0-9]*\).*/\1/p' "$1" 2>/dev/null | head -n 1
}

# live FILE PATTERN: prints the pid in the file when that process lives and its command line fits. A file may be stale and
# its pid somebody else's by now.
live() {
  [ -f "$1" ] || return 0
  pid=$(pid_in_json "$1")
  [ -n "$pid" ] && [ "$pid" -gt 1 ] || return 0
  # shellcheck disable=SC2254 # The pattern is a pattern.
  case $(command_of "$pid") in $2) printf '%s\n' "$pid" ;; esac
}

# The platform, instances and gateways, which have their id as an argument, and the telemetry store.
live_programs() {
  live "$home/platform.json" '*platform*main*'
  for file in "$home"/run/instances/*.json; do
    id=${file##*/}
    live "$file" "*main*${id%.json}*"
  done
  live "$home/run/telemetry.json" "*telemetry-store*$home*"
}

live_servers() {
  # The Redis of this machine has its configuration as an argument.
  redis=$home/redis
  pid=$(head -n 1 "$redis/redis.pid" 2>/dev/null)
  case $pid in
    '' | *[!0-9]*) ;;
    *)
      case $(command_of "$pid") in
        *"${redis#"$home"}/redis.conf"*) [ "$pid" -gt 1 ] && printf '%s\n' "$pid" ;;
      esac
      ;;
  esac
  for file in "$home"/postgres/*/data/postmaster.pid; do
    [ -f "$file" ] || continue
    pid=$(head -n 1 "$file" 2>/dev/null)
    case $pid in '' | *[!0-9]*) continue ;; esac
    [ "$pid" -gt 1 ] || continue
    directory=${file%/postmaster.pid}
    case $(command_of "$pid") in
      *postgres*"${directory#"$home"}"*) printf '%s\n' "$pid" ;;
    esac
  done
}

# Tenths of a second; where sleep knows whole seconds only, one of them.
tick() {
  sleep 0.1 2>/dev/null || sleep 1
}

# until_gone WHICH TICKS: waits until WHICH lists nothing; fails when that takes longer.
until_gone() {
  left=$2
  while [ -n "$($1)" ]; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1))
    tick
  done
}

signal_servers() {
  for pid in $(live_servers); do kill -"$1" "$pid" 2>/dev/null; done
}

patience=20
while IFS= read -r line; do
  [ "$line" = now ] && { patience=0; break; }
done

# By their lifeline they know, and end by themselves; what hangs is ended with its whole group.
until_gone live_programs "$patience" || for pid in $(live_programs); do
  kill -KILL -"$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
done

# Fast shutdown, immediate shutdown (recovered from at the next start), and at last by force.
signal_servers INT
until_gone live_servers 10 && exit 0
signal_servers QUIT
until_gone live_servers 5 && exit 0
signal_servers KILL
until_gone live_servers 5
