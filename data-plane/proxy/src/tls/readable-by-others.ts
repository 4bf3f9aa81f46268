/** Rights and owner of a file, as `stat` gives them. */
interface Rights {
  readonly mode: number | bigint;
  readonly uid: number | bigint;
}

/**
 * Whether a file with a secret can be read by others than this program. A volume of Kubernetes gives it to root, and to be read by the pod's own group: that is nobody
 * else.
 */
export function isReadableByOthers({ mode, uid }: Rights): boolean {
  const others = Number(mode) & 0o077;
  return others !== 0 && !(others === 0o040 && Number(uid) === 0 && process.getuid?.() !== 0);
}
