// What runs first inside the sandbox: it fills the virtual environment, runs what it is there for, and tells what happened.

/**
 * Python 3.8 or newer, standard library only. It is process 1 of the sandbox's process namespace, so that nothing in there
 * can end it, and it ends, with all below it, when its standard input does. Everything it starts has a session, a pipe for
 * its output, and is swept away before the next thing starts. One JSON object per line goes to descriptor 3. What it is there for
 * is a class of its own, `KIND`, with a method `stages`.
 */
const driverCore = String.raw`
import glob, json, os, re, select, signal, sys, time

def main():
    head = b""
    while not head.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            os._exit(1)
        head += piece
    KIND(json.loads(head)).run()

class Stop(Exception):
    pass

class Driver:
    def __init__(self, job):
        self.job = job
        self.limits = job["limits"]
        self.contained = os.getpid() == 1
        self.deadline = time.monotonic() + self.limits["seconds"]
        self.written = 0
        self.venv = job["work"] + "/venv"
        self.python = self.venv + "/bin/python"
        self.env = job["env"]
        os.set_inheritable(3, False)
        # What bubblewrap left open is none of the stack's business.
        os.closerange(4, 1024)
        for name in ("home", "tmp", "run"):
            os.makedirs(job["work"] + "/" + name, exist_ok=True)
        self.harden()

    def harden(self):
        import resource
        def limit(name, value):
            try:
                number = getattr(resource, name)
                hard = resource.getrlimit(number)[1]
                if hard != resource.RLIM_INFINITY:
                    value = min(value, hard)
                resource.setrlimit(number, (value, value))
            except (AttributeError, OSError, ValueError):
                pass
        limit("RLIMIT_CORE", 0)
        limit("RLIMIT_FSIZE", self.limits["disk"])
        limit("RLIMIT_NOFILE", 4096)
        if self.contained:
            limit("RLIMIT_NPROC", self.limits["tasks"])
            limit("RLIMIT_MSGQUEUE", 65536)
            try:
                with open("/proc/self/oom_score_adj", "w") as file:
                    file.write("1000")
            except OSError:
                pass
            try:
                import ctypes
                # Not dumpable: no process of the same user can write its memory or take its descriptors.
                ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
            except Exception:
                pass

    def tell(self, **event):
        data = (json.dumps(event) + "\n").encode("ascii")
        while data:
            data = data[os.write(3, data):]

    def log(self, data):
        while data:
            data = data[os.write(1, data):]

    def sweep(self, leader):
        if self.contained:
            for _ in range(50):
                try:
                    os.kill(-1, signal.SIGKILL)
                except OSError:
                    pass
                while True:
                    try:
                        if os.waitpid(-1, os.WNOHANG)[0] == 0:
                            break
                    except ChildProcessError:
                        return
                time.sleep(0.005)
        else:
            try:
                os.killpg(leader, signal.SIGKILL)
            except OSError:
                pass

    def full(self):
        try:
            state = os.statvfs(self.job["work"])
        except OSError:
            return False
        if not self.contained:
            return False
        return state.f_bavail * state.f_frsize < 65536 or state.f_files - state.f_ffree > 2000000

    def call(self, command, seconds=None, cwd=None):
        """Runs one command to its end and answers outcome, exit, milliseconds and the tail of its output."""
        begun = time.monotonic()
        end = min(self.deadline, begun + seconds) if seconds else self.deadline
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, 0)
                os.dup2(writer, 1)
                os.dup2(writer, 2)
                os.chdir(cwd or self.job["work"] + "/run")
                os.execve(command[0], command, self.env)
            except BaseException as error:
                os.write(2, ("cannot run %s: %s\n" % (command[0], error)).encode("utf-8", "replace"))
            os._exit(126)
        os.close(writer)
        outcome, status, tail = None, None, b""
        open_ = True
        while True:
            ready = select.select([0, reader] if open_ else [0], [], [], 0.02 if status is not None else 0.05)[0]
            if 0 in ready and not os.read(0, 4096):
                os._exit(1)
            if reader in ready:
                chunk = os.read(reader, 65536)
                if chunk:
                    self.written += len(chunk)
                    tail = (tail + chunk)[-24576:]
                    if self.written > self.limits["output"]:
                        outcome = "output-limit"
                    else:
                        self.log(chunk)
                else:
                    open_ = False
            # What was written between the look at the pipe and the end is read in one more round.
            ended = status is not None
            if status is None:
                while True:
                    try:
                        found, code = os.waitpid(-1, os.WNOHANG)
                    except ChildProcessError:
                        break
                    if found == 0:
                        break
                    if found == pid:
                        status = code
                if status is not None:
                    self.sweep(pid)
            if outcome is None and self.full():
                outcome = "disk-limit"
            if outcome is None and status is None and time.monotonic() > end:
                outcome = "timed-out"
            if outcome and status is None:
                self.sweep(pid)
                status = -1
            if status is not None and (not open_ or (ended and reader not in ready)):
                break
        os.close(reader)
        signal_ = os.WTERMSIG(status) if status >= 0 and os.WIFSIGNALED(status) else None
        code = os.WEXITSTATUS(status) if status >= 0 and os.WIFEXITED(status) else None
        return {
            "outcome": outcome, "exit": code, "signal": signal_,
            "ms": round((time.monotonic() - begun) * 1000), "tail": tail.decode("utf-8", "replace"),
        }

    def judge(self, result, good, failed):
        if result["outcome"] is None:
            tail = result["tail"]
            if result["exit"] == good:
                result["outcome"] = "passed"
            elif "No space left on device" in tail and self.contained:
                result["outcome"] = "disk-limit"
            elif "Resource temporarily unavailable" in tail or "can't start new thread" in tail:
                result["outcome"] = "process-limit"
            else:
                result["outcome"] = failed
        if result["outcome"] == "passed":
            result["tail"] = ""
        return result

    def final(self, outcome):
        return outcome in ("output-limit", "disk-limit") or time.monotonic() > self.deadline

    def stage(self, name, result):
        self.tell(event="stage", name=name, **result)
        if self.final(result["outcome"]):
            raise Stop()
        return result["outcome"] == "passed"

    def run(self):
        try:
            self.stages()
        except Stop:
            pass
        self.tell(event="done")
        os._exit(0)

    def install(self):
        self.tell(event="begin", name="install")
        begun = time.monotonic()
        self.log(b"== install: virtual environment\n")
        result = self.judge(
            self.call([self.job["python"], "-I", "-m", "venv", "--without-pip", self.venv]), 0, "infrastructure-failed")
        if result["outcome"] == "passed" and self.job["count"]:
            self.log(b"== install: packages\n")
            result = self.judge(self.call(self.job["install"]), 0, "install-failed")
        result["ms"] = round((time.monotonic() - begun) * 1000)
        return self.stage("install", result)
`;

/** Imports every module of a stack and runs the script. */
const inspection = String.raw`
class Inspection(Driver):
    def stages(self):
        if not self.install():
            return
        found = self.installed()
        checked = self.check()
        if not self.imports(found) or not checked:
            return
        script = self.job.get("script")
        if script:
            self.tell(event="begin", name="test")
            self.log(b"== test: script\n")
            self.stage("test", self.judge(self.call([self.python, script]), 0, "test-failed"))

    def check(self):
        if not self.job["check"]:
            return True
        self.tell(event="begin", name="check")
        self.log(b"== check\n")
        return self.stage("check", self.judge(self.call(self.job["check"]), 0, "check-failed"))

    def imports(self, found):
        self.tell(event="begin", name="import")
        begun = time.monotonic()
        worst, count = None, 0
        modules = [(package["name"], module) for package in found for module in package["modules"]]
        for package, module in modules:
            self.log(("== import %s\n" % module).encode("utf-8", "replace"))
            code = "import importlib,os,sys\ntry: importlib.import_module(sys.argv[1])\n" \
                "except SystemExit as e: sys.exit('SystemExit: the module ends the program when it is imported')\n" \
                "sys.stdout.flush();sys.stderr.flush();os._exit(42)"
            result = self.judge(
                self.call([self.python, "-I", "-c", code, module], self.limits["importSeconds"]), 42, "import-failed")
            count += 1
            self.tell(event="module", module=module, package=package, done=count, total=len(modules), **result)
            if result["outcome"] != "passed":
                worst = worst or result["outcome"]
                if self.final(result["outcome"]):
                    worst = result["outcome"]
                    break
        return self.stage("import", {
            "outcome": worst or "passed", "ms": round((time.monotonic() - begun) * 1000), "tail": "", "count": count})

    def installed(self):
        found = []
        for site in sorted(set(map(os.path.realpath, glob.glob(glob.escape(self.venv) + "/lib*/*/site-packages")))):
            for info in sorted(glob.glob(glob.escape(site) + "/*.dist-info"))[:5000]:
                found.append(self.distribution(site, info))
        for package in found:
            self.tell(event="package", **package)
        return found

    def distribution(self, site, info):
        name, version, requires = os.path.basename(info)[:-10].rsplit("-", 1)[0], "", []
        try:
            with open(info + "/METADATA", encoding="utf-8", errors="replace") as file:
                for line in file.read(4 << 20).split("\n"):
                    if not line.strip():
                        break
                    key, _, value = line.partition(":")
                    value = value.strip()
                    if key.lower() == "name":
                        name = value
                    elif key.lower() == "version":
                        version = value
                    elif key.lower() == "requires-dist" and len(requires) < 2000:
                        requires.append(value[:1000])
        except OSError:
            pass
        return {"name": name[:200], "version": version[:200], "requires": requires, "modules": self.modules(info)}

    def modules(self, info):
        import csv
        packages, namespaces, plain = set(), set(), set()
        try:
            with open(info + "/RECORD", encoding="utf-8", errors="replace", newline="") as file:
                rows = [row[0] for row in csv.reader(file.read(64 << 20).split("\n")) if row]
        except (OSError, csv.Error):
            return []
        for path in rows:
            parts = path.replace("\\", "/").split("/")
            stem, dot, suffix = parts[-1].partition(".")
            if not all(part.isidentifier() for part in parts[:-1]) or not stem.isidentifier() or not dot:
                continue
            if "__pycache__" in parts or not (suffix == "py" or suffix == "so" or suffix.endswith(".so")):
                continue
            folder = ".".join(parts[:-1])
            if stem == "__init__":
                packages.add(folder)
            elif folder:
                namespaces.add(folder)
            else:
                plain.add(stem)
        def inside(name):
            parts = name.split(".")
            return any(".".join(parts[:n]) in packages for n in range(1, len(parts)))
        tops = {name for name in packages if name and not inside(name)}
        # A folder without __init__ below no package is a namespace: importing it shows its own modules can be found.
        tops |= {name for name in namespaces if name not in packages and not inside(name)}
        tops |= plain
        beside = {"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks"}
        chosen = {name for name in tops if name.split(".")[0] not in beside} or tops
        return sorted(chosen)[:2000]

KIND = Inspection
main()
`;

/** The driver of an inspection. */
export const driverSource = driverCore + inspection;

/** A driver with stages of its own: Python that defines a class below `Driver` and names it `KIND`. */
export function driverWith(stages: string): string {
  return `${driverCore}${stages}\nmain()\n`;
}
