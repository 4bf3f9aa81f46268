// What is run on machines, by sh: what every Linux with systemd has (coreutils, GNU tar, util-linux). Arguments are names and paths; secrets come by standard input. Each can be
// killed at any moment and run again.

/** Takes away layers of `$app` that no release names. */
const unnamedLayers = `cd "$app/layers"
named="$(cat "$app"/*/*/layers 2>/dev/null || true)"
for one in *; do printf '%s\\n' "$named" | grep -qx "$one" || rm -rf "./$one"; done`;

/** Says who it is on what, which systemd there is and whether it runs: four lines, then what is missing. Changes nothing. */
export const look = `
id -u
uname -sm
systemctl --version 2>/dev/null | head -n 1 | grep . || echo
systemctl is-system-running 2>/dev/null || true
for one in systemctl tar flock; do command -v "$one" >/dev/null || echo "missing $one"; done`;

/** APP: holds its lock until standard input ends; says \`locked\` once it has it. */
export const lock = `
mkdir -p "$1" && exec flock -n "$1/.lock" sh -c 'echo locked; exec cat >/dev/null'`;

/** APP: the layers that are there. */
export const layers = `cd "$1/layers" 2>/dev/null && ls || true`;

/** APP LAYER: takes a layer in. What images have for a container alone stays out. */
export const takeLayer = `
set -eu; umask 022
to="$1/layers"; new="$to/.$2.$$"; trap 'rm -rf "$new"' EXIT
mkdir -p "$new"
tar -xzf - -C "$new" --no-same-owner --anchored --exclude=tmp --exclude=run --exclude=etc
[ -d "$to/$2" ] || mv -T "$new" "$to/$2"`;

/** APP PROGRAM RELEASE LAYER…: a release of layers that are there, and of what comes by standard input. Files of layers are shared, not copied. */
export const takeRelease = `
set -eu; umask 022
app="$1"; to="$2"; name="$3"; shift 3
new="$to/.$name.$$"; trap 'rm -rf "$new"' EXIT
mkdir -p "$new"
for layer in "$@"; do cp -al "$app/layers/$layer/." "$new/"; done
printf '%s\\n' "$@" > "$new/layers"
tar -xpf - -C "$new" --no-same-owner
chmod 755 "$new"
"$new/usr/bin/node" --version >&2
rm -rf "$to/$name"
mv -T "$new" "$to/$name"
sync -f "$to"`;

/** PROGRAM COPY-WITHOUT-SLOT: four lines: the slot that serves, the releases in both slots, whether the copy in that slot runs; empty where there is none. Then the releases that have served, oldest first. */
export const state = `
cd "$1" 2>/dev/null || { printf '\\n\\n\\n\\n'; exit 0; }
readlink current || echo; readlink a || echo; readlink b || echo
systemctl is-active "$2@$(readlink current).service" || true
cat history 2>/dev/null || true`;

/** PROGRAM RELEASE SLOT COPY: puts a release into a slot, and has systemd know its units. */
export const place = `
set -eu; umask 022
cd "$1"
if [ -L "$3" ]; then systemctl stop "$4"; fi
rm -f ".$3"; ln -s "$2" ".$3"; mv -T ".$3" "$3"
mkdir -p units
for unit in "$2"/units/*; do
  name="\${unit##*/}"
  cp "$unit" "units/.$name"; mv -T "units/.$name" "units/$name"
  systemctl link "$1/units/$name" 2>&1
done
systemctl daemon-reload`;

/** UNIT: starts it; of a run of migrations, to its end. What its journal says follows when it fails. */
export const start = `
systemctl reset-failed "$1" 2>/dev/null
systemctl start "$1" && exit 0
journalctl -u "$1" -n 20 -o cat --no-pager 2>/dev/null; exit 1`;

/** FILE…: takes files away. */
export const remove = `rm -f -- "$@"`;

/** PROGRAM SLOT COPY: its state as systemd has it, and \`ready\` in a line of its own once it says so. */
export const probe = `
systemctl show -p ActiveState -p NRestarts "$3"
"$1/$2/usr/bin/node" -e '
const { health } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
fetch("http://127.0.0.1:" + health.port + "/health/ready", { signal: AbortSignal.timeout(5000) })
  .then(({ ok }) => ok && console.log("ready"), () => {});
' "$1/$2/boot-$2.json"`;

/** COPY: the last lines of its journal. */
export const journal = `journalctl -u "$1" -n 20 -o cat --no-pager 2>/dev/null || true`;

/** PROGRAM SLOT RELEASE COPY: from here on it is the one that serves, also after a restart of the machine. */
export const flip = `
set -eu; umask 022
cd "$1"
systemctl enable "$4" 2>&1
{ tail -n 20 history 2>/dev/null | grep -vx "$3" || true; echo "$3"; } > .history
mv -T .history history
rm -f .current; ln -s "$2" .current; mv -T .current current
sync -f .`;

/** COPY: ends one that serves no more, when it has finished what it had begun. */
export const retire = `systemctl disable "$1" 2>&1; systemctl stop "$1"`;

/** COPY: takes back one that did not become ready. */
export const stop = `systemctl stop "$1"`;

/** APP PROGRAM KEPT: takes away all releases but those in slots and the last KEPT that served, then layers that no release of the app names. */
export const prune = `
set -eu
app="$1"; cd "$2"
# What was left by those that were killed; nobody else is at work while the app is locked.
rm -rf ./.[0-9a-f]*.[0-9]* "$app"/layers/.[0-9a-f]*.[0-9]*
keep="$(tail -n "$3" history; readlink a || true; readlink b || true)"
for one in */; do
  one="\${one%/}"
  [ -f "$one/layers" ] && [ ! -L "$one" ] || continue
  printf '%s\\n' "$keep" | grep -qx "$one" || rm -rf "./$one"
done
${unnamedLayers}`;

/** APP PROGRAM COPY-WITHOUT-SLOT: ends its copies, each when it has finished what it had begun, has systemd forget it, and takes its files away. */
export const forget = `
set -eu
app="$1"
[ -d "$2" ] || exit 0
for slot in a b; do
  [ -L "$2/$slot" ] || continue
  systemctl disable "$3@$slot.service" 2>&1 || true
  systemctl stop "$3@$slot.service"
done
rm -f "/etc/systemd/system/$3@.service" "/etc/systemd/system/$3-migrate@.service"
systemctl daemon-reload
rm -rf "$2"
${unnamedLayers}`;
