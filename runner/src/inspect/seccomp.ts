// The system-call filter of the sandbox, as the classic BPF program that the kernel takes.

/** Numbers from the kernel's asm/unistd_64.h and asm-generic/unistd.h. */
interface Architecture {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  /** Calls at or above this belong to another ABI of the same machine (x32). */
  readonly foreignFrom?: number;
  readonly forbidden: readonly number[];
  readonly missing: readonly number[];
  readonly clone: number;
  readonly socket: number;
  readonly socketpair: number;
  readonly ioctl: number;
  readonly personality: number;
}

/** Numbered alike everywhere since Linux 5.1. */
const common = {
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_getfd: 438,
  mount_setattr: 442,
  quotactl_fd: 443,
  open_tree_attr: 467,
};
/** Answered with ENOSYS, so that callers take their older way, whose flags this filter can read, or do without.
 *  Memory of memfd, System V segments and queues is seen by no limit, hence they are missing too. */
const commonMissing = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  clone3: 435,
  memfd_secret: 447,
};

export const syscalls = {
  x64: {
    forbidden: {
      ptrace: 101,
      process_vm_readv: 310,
      process_vm_writev: 311,
      kcmp: 312,
      mount: 165,
      umount2: 166,
      pivot_root: 155,
      chroot: 161,
      setns: 308,
      unshare: 272,
      bpf: 321,
      perf_event_open: 298,
      userfaultfd: 323,
      kexec_load: 246,
      kexec_file_load: 320,
      init_module: 175,
      finit_module: 313,
      delete_module: 176,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      reboot: 169,
      swapon: 167,
      swapoff: 168,
      acct: 163,
      quotactl: 179,
      settimeofday: 164,
      clock_settime: 227,
      adjtimex: 159,
      clock_adjtime: 305,
      syslog: 103,
      iopl: 172,
      ioperm: 173,
      modify_ldt: 154,
      lookup_dcookie: 212,
      name_to_handle_at: 303,
      open_by_handle_at: 304,
      vhangup: 153,
      uselib: 134,
      ustat: 136,
      sysfs: 139,
      _sysctl: 156,
      fanotify_init: 300,
      sethostname: 170,
      setdomainname: 171,
      ...common,
    },
    missing: { memfd_create: 319, shmget: 29, msgget: 68, ...commonMissing },
    checked: { clone: 56, socket: 41, socketpair: 53, ioctl: 16, personality: 135 },
  },
  arm64: {
    forbidden: {
      ptrace: 117,
      process_vm_readv: 270,
      process_vm_writev: 271,
      kcmp: 272,
      mount: 40,
      umount2: 39,
      pivot_root: 41,
      chroot: 51,
      setns: 268,
      unshare: 97,
      bpf: 280,
      perf_event_open: 241,
      userfaultfd: 282,
      kexec_load: 104,
      kexec_file_load: 294,
      init_module: 105,
      finit_module: 273,
      delete_module: 106,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      reboot: 142,
      swapon: 224,
      swapoff: 225,
      acct: 89,
      quotactl: 60,
      settimeofday: 170,
      clock_settime: 112,
      adjtimex: 171,
      clock_adjtime: 266,
      syslog: 116,
      lookup_dcookie: 18,
      name_to_handle_at: 264,
      open_by_handle_at: 265,
      vhangup: 58,
      fanotify_init: 262,
      sethostname: 161,
      setdomainname: 162,
      ...common,
    },
    missing: { memfd_create: 279, shmget: 194, msgget: 186, ...commonMissing },
    checked: { clone: 220, socket: 198, socketpair: 199, ioctl: 29, personality: 92 },
  },
} as const;

const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    foreignFrom: 0x40000000,
    forbidden: Object.values(syscalls.x64.forbidden),
    missing: Object.values(syscalls.x64.missing),
    ...syscalls.x64.checked,
  },
  arm64: {
    audit: 0xc00000b7,
    forbidden: Object.values(syscalls.arm64.forbidden),
    missing: Object.values(syscalls.arm64.missing),
    ...syscalls.arm64.checked,
  },
};

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (number: number): number => 0x00050000 | number;
const EPERM = errno(1);
const ENOSYS = errno(38);
const EAFNOSUPPORT = errno(97);

const NUMBER = 0;
const ARCHITECTURE = 4;
/** Offset of the low half of an argument in `struct seccomp_data`; both machines are little-endian. */
const argument = (index: number): number => 16 + 8 * index;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACES = 0x7e020000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 };

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

const load = (offset: number): Instruction => [LOAD, 0, 0, offset];
const answer = (value: number): Instruction => [RETURN, 0, 0, value];
/** Answers `value` where the test holds, else goes on behind it. */
const when = (test: number, operand: number, value: number): Instruction[] => [
  [test, 0, 1, operand],
  answer(value),
];
/** Runs `body`, which ends by answering, for one call only. */
const onCall = (number: number, body: readonly Instruction[]): Instruction[] => [
  load(NUMBER),
  [IF_EQUAL, 0, body.length, number],
  ...body,
];

/**
 * The filter for one machine: `struct sock_filter[]` as bytes, for `bwrap --seccomp FD`. It refuses tracing, mounts, new
 * namespaces, keyrings, BPF, kernel modules, clocks and every socket family but local, IPv4, IPv6 and routing netlink, and
 * kills a process that enters the kernel by another machine's calls.
 * @param architecture as `process.arch` says; undefined comes back for a machine without a table.
 */
export function buildSeccompFilter(architecture: string): Uint8Array | undefined {
  const table = architectures[architecture];
  if (!table) return undefined;
  const socketRules: Instruction[] = [
    load(argument(0)),
    ...when(IF_EQUAL, families.unix, ALLOW),
    ...when(IF_EQUAL, families.inet, ALLOW),
    ...when(IF_EQUAL, families.inet6, ALLOW),
    [IF_EQUAL, 1, 0, families.netlink],
    answer(EAFNOSUPPORT),
    load(argument(2)),
    ...when(IF_EQUAL, 0, ALLOW),
    answer(EAFNOSUPPORT),
  ];
  const program: Instruction[] = [
    load(ARCHITECTURE),
    [IF_EQUAL, 1, 0, table.audit],
    answer(KILL_PROCESS),
    load(NUMBER),
    ...(table.foreignFrom === undefined ? [] : when(IF_AT_LEAST, table.foreignFrom, ENOSYS)),
    ...table.forbidden.flatMap((number) => when(IF_EQUAL, number, EPERM)),
    ...table.missing.flatMap((number) => when(IF_EQUAL, number, ENOSYS)),
    ...onCall(table.clone, [load(argument(0)), ...when(IF_ANY_BIT, NEW_NAMESPACES, EPERM), answer(ALLOW)]),
    ...onCall(table.socket, socketRules),
    ...onCall(table.socketpair, socketRules),
    ...onCall(table.ioctl, [
      load(argument(1)),
      ...when(IF_EQUAL, TIOCSTI, EPERM),
      ...when(IF_EQUAL, TIOCLINUX, EPERM),
      answer(ALLOW),
    ]),
    ...onCall(table.personality, [
      load(argument(0)),
      ...when(IF_EQUAL, 0, ALLOW),
      ...when(IF_EQUAL, 0xffffffff, ALLOW),
      answer(EPERM),
    ]),
    answer(ALLOW),
  ];
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    const at = index * 8;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, ifTrue);
    view.setUint8(at + 3, ifFalse);
    view.setUint32(at + 4, value >>> 0, true);
  });
  return bytes;
}
