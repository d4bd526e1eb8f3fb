// What the driver does for a build: unpacks the source, fills the environment, calls the back-end's hooks (PEP 517), tells what came.
import { driverWith } from "../driver.ts";

/**
 * Unpacks an sdist without its one top folder. Whatever an archive says, nothing is written or linked outside of the target:
 * each place is looked up as the file system has it by then.
 */
const unpack = String.raw`
import os, shutil, sys, tarfile, zipfile

archive, target = sys.argv[1:3]
os.makedirs(target)
root = os.path.realpath(target)

def refuse(name, why):
    sys.exit("unsafe archive: %s %s" % (ascii(name), why))

def inside(path):
    real = os.path.realpath(path)
    return real == root or real.startswith(root + os.sep)

def place(name):
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or "\\" in name:
        refuse(name, "leads out of the archive")
    path = os.path.join(root, *parts[1:])
    if not inside(path):
        refuse(name, "leads out of the archive")
    return parts, path

def write(name, source, runs):
    parts, path = place(name)
    if len(parts) < 2:
        refuse(name, "is not in the archive's folder")
    if path == root:
        refuse(name, "is not in the archive's folder")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(path):
        os.unlink(path)
    with open(path, "wb") as file:
        shutil.copyfileobj(source, file)
    os.chmod(path, 0o755 if runs else 0o644)

def untar():
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name
            if member.isdir():
                os.makedirs(place(name)[1], exist_ok=True)
            elif member.isreg():
                write(name, tar.extractfile(member), member.mode & 0o100)
            elif member.issym():
                _, path = place(name)
                link = member.linkname
                if os.path.isabs(link) or not inside(os.path.join(os.path.dirname(path), link)):
                    refuse(name, "is a link that leads out of the archive")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if not os.path.lexists(path):
                    os.symlink(link, path)
            elif member.islnk():
                _, other = place(member.linkname)
                if not os.path.isfile(other):
                    refuse(name, "is a link to what is not there")
                with open(other, "rb") as source:
                    write(name, source, os.stat(other).st_mode & 0o100)
            else:
                refuse(name, "is neither a file nor a folder nor a link")

def unzip():
    with zipfile.ZipFile(archive) as found:
        for info in found.infolist():
            if info.is_dir():
                os.makedirs(place(info.filename)[1], exist_ok=True)
            else:
                with found.open(info) as source:
                    write(info.filename, source, (info.external_attr >> 16) & 0o100)

try:
    unzip() if archive.endswith(".zip") else untar()
except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
    sys.exit("broken archive: %s" % error)
`;

/** Calls the hooks of the back-end in the source's folder; what they answer goes to a file, since their output is theirs. */
const hook = `
import importlib, json, os, sys, zipfile

job = json.loads(sys.argv[1])
out = job["out"]

def finish(**result):
    with open(out + "/result.json", "w") as file:
        json.dump(result, file)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(0)

os.chdir(job["source"])
here = os.path.realpath(".")
sys.argv = ["setup.py"]
paths = [os.path.realpath(path) for path in job["path"]]
if any(path != here and not path.startswith(here + os.sep) for path in paths):
    finish(fault="names a back-end outside of its own folder")
sys.path[:0] = paths
module, _, attributes = job["backend"].partition(":")
try:
    backend = importlib.import_module(module)
except ModuleNotFoundError as error:
    if (error.name or "") == module or module.startswith((error.name or "?") + "."):
        finish(fault="names the back-end %s, which its build requirements do not bring" % module)
    raise
if paths:
    origin = os.path.realpath(getattr(backend, "__file__", None) or "/")
    if not any(origin.startswith(path + os.sep) for path in paths):
        finish(fault="names the back-end %s, which is not where it says" % module)
for attribute in filter(None, attributes.split(".")):
    backend = getattr(backend, attribute)

wanted = getattr(backend, "get_requires_for_build_wheel", None)
requires = [str(one) for one in wanted({})] if wanted else []
missing = [one for one in requires if one not in job["known"]]
if missing:
    finish(requires=missing)
prepare = getattr(backend, "prepare_metadata_for_build_wheel", None)
os.makedirs(out + "/metadata")
if prepare and job["want"] == "metadata":
    info = prepare(out + "/metadata", {})
    finish(info=os.path.basename(str(info)))
os.makedirs(out + "/wheel")
wheel = os.path.basename(str(backend.build_wheel(out + "/wheel", {}, None)))
with zipfile.ZipFile(out + "/wheel/" + wheel) as archive:
    info = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith(".dist-info/METADATA")]
    if len(info) != 1:
        finish(fault="builds a wheel without METADATA")
    if archive.getinfo(info[0]).file_size > 16 << 20:
        finish(fault="builds a wheel whose METADATA is too long")
    os.makedirs(out + "/metadata/" + info[0].split("/")[0])
    with open(out + "/metadata/" + info[0], "wb") as file:
        file.write(archive.read(info[0]))
finish(info=info[0].split("/")[0], wheel=wheel)
`;

const stages = String.raw`
import base64, stat

class Build(Driver):
    def stages(self):
        job = self.job
        self.source, self.out = job["work"] + "/source", job["work"] + "/out"
        os.makedirs(self.out)
        if not self.step("unpack", [job["python"], "-I", "-S", job["input"] + "/unpack.py", job["archive"], self.source]):
            return
        if not self.install():
            return
        source = self.source + ("/" + job["subdirectory"] if job["subdirectory"] else "")
        asked = json.dumps({
            "source": source, "out": self.out, "backend": job["backend"], "path": job["path"],
            "known": job["known"], "want": job["want"]})
        if self.step("build", [self.python, "-I", job["input"] + "/hook.py", asked]):
            self.tell_result()

    def step(self, name, command):
        self.tell(event="begin", name=name)
        self.log(("== %s\n" % name).encode("ascii"))
        return self.stage(name, self.judge(self.call(command), 0, "build-failed"))

    def open(self, path):
        """A file that the back-end left, which may be anything."""
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("is no file")
        return file

    def tell_result(self):
        try:
            with self.open(self.out + "/result.json") as file:
                result = json.loads(file.read(1 << 20).decode("utf-8"))
            if result.get("fault") or result.get("requires"):
                self.tell(event="result", fault=str(result.get("fault") or "")[:500],
                          requires=[str(one)[:1000] for one in result.get("requires") or []][:500])
                return
            info = str(result["info"])
            if not re.match(r"[\w.+!-]+\.dist-info\Z", info):
                raise ValueError("names no folder of metadata")
            with self.open(self.out + "/metadata/" + info + "/METADATA") as file:
                head = re.split(rb"\r?\n\r?\n", file.read(1 << 20), maxsplit=1)
            if len(head) < 2 and len(head[0]) >= 1 << 20:
                raise ValueError("gives metadata that is too long")
            self.tell(event="metadata", text=head[0].decode("utf-8", "replace"))
            if self.job["want"] == "wheel":
                self.tell_wheel(str(result["wheel"]))
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            self.tell(event="result", fault=("leaves no answer: %s" % error)[:500], requires=[])

    def tell_wheel(self, name):
        if not re.match(r"[\w.+!-]+\.whl\Z", name):
            raise ValueError("names no wheel")
        with self.open(self.out + "/wheel/" + name) as file:
            size = os.fstat(file.fileno()).st_size
            if size > self.job["most"]:
                raise ValueError("builds a wheel that is too large")
            self.tell(event="wheel", name=name, size=size)
            for piece in iter(lambda: file.read(1 << 19), b""):
                self.tell(event="data", data=base64.b64encode(piece).decode("ascii"))

KIND = Build
`;

/** The files of a build inside, by their names in the input folder. */
export const buildFiles: Readonly<Record<string, string>> = {
  "driver.py": driverWith(stages),
  "unpack.py": unpack,
  "hook.py": hook,
};
