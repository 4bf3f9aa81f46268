import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { docker } from "./docker.ts";

const run = promisify(execFile);
/** Debian's own Python; that of a version manager lies in somebody's home. */
const python = "/usr/bin/python3";
/** What the standard library has for people who develop Python, and for desktops. */
const leftOut =
  /\/(?:test|idlelib|tkinter|ensurepip|lib2to3|pydoc_data|__pycache__|config-[^/]*|dist-packages)(?:\/|$)/;

/** Whether there is one to make images of. */
export function hasDebianPython(): boolean {
  return existsSync(python);
}

/** Makes an image of a Python program from what lies on this machine, without a registry: the interpreter, its libraries, the program. */
export async function buildPythonImage(image: string, program: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-python-"));
  const root = join(folder, "root");
  try {
    const { stdout: said } = await run(python, [
      "-c",
      "import sys, sysconfig; print(sys._base_executable or sys.executable); print(sysconfig.get_path('stdlib'))",
    ]);
    const [, standard = ""] = said.trim().split("\n");
    const { stdout: linked } = await run("ldd", [python]);
    const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
    for (const path of [python, ...libraries]) await copy(path, root);
    await copy(standard, root);
    await cp(program, join(root, "program.py"));
    await writeFile(
      join(folder, "Dockerfile"),
      `FROM scratch\nCOPY root/ /\nUSER 65532\nENTRYPOINT ["${python}", "-u", "/program.py"]\n`,
    );
    await docker("build", "--quiet", "--tag", image, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copy(path: string, root: string): Promise<void> {
  const to = join(root, path);
  await mkdir(dirname(to), { recursive: true });
  await cp(path, to, {
    recursive: true,
    dereference: true,
    filter: (from) => !leftOut.test(`/${relative(path, from)}`),
  });
}
