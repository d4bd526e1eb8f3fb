// The filter as bytes: judged by a small machine that runs it as the kernel would.
import assert from "node:assert/strict";
import { buildSeccompFilter, syscalls } from "./seccomp.ts";

/** Runs classic BPF over one `struct seccomp_data` and answers what it returns. */
function judge(program: Uint8Array, call: { nr: number; arch: number; args?: readonly number[] }): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.nr, true);
  data.setUint32(4, call.arch, true);
  (call.args ?? []).forEach((value, index) => {
    data.setUint32(16 + 8 * index, value >>> 0, true);
  });
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(at * 8, true);
    const [ifTrue, ifFalse] = [view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3)];
    const value = view.getUint32(at * 8 + 4, true);
    if (code === 0x20) accumulator = data.getUint32(value, true);
    else if (code === 0x06) return value;
    else if (code === 0x15) at += accumulator === value ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= value ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & value) !== 0 ? ifTrue : ifFalse;
    else assert.fail(`instruction ${code}`);
  }
  return assert.fail("the program ends without an answer");
}

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const EAFNOSUPPORT = 0x00050061;

for (const [name, arch] of [
  ["x64", 0xc000003e],
  ["arm64", 0xc00000b7],
] as const) {
  describe(`the system-call filter for ${name}`, () => {
    const program = buildSeccompFilter(name)!;
    const table = syscalls[name];
    const verdict = (nr: number, ...args: number[]): number => judge(program, { nr, arch, args });

    it("refuses every forbidden call and lets every other through", () => {
      const forbidden = new Set<number>(Object.values(table.forbidden));
      const missing = new Set<number>(Object.values(table.missing));
      const checked = new Set<number>(Object.values(table.checked));
      for (let nr = 0; nr < 512; nr++) {
        if (checked.has(nr)) continue;
        assert.equal(verdict(nr), forbidden.has(nr) ? EPERM : missing.has(nr) ? ENOSYS : ALLOW, `call ${nr}`);
      }
    });

    it("kills a process that uses another machine's calls", () => {
      assert.equal(judge(program, { nr: 0, arch: 0x40000003 }), 0x80000000);
      if (name === "x64") assert.equal(verdict(0x40000000 + 101), ENOSYS);
    });

    it("lets processes and threads be made, but no namespaces", () => {
      const { clone } = table.checked;
      assert.equal(verdict(clone, 17), ALLOW);
      assert.equal(verdict(clone, 0x003d0f00), ALLOW);
      for (const flag of [0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]) {
        assert.equal(verdict(clone, flag | 17), EPERM);
      }
    });

    it("knows local, IPv4, IPv6 and routing sockets only", () => {
      for (const call of [table.checked.socket, table.checked.socketpair]) {
        const known = [1, 2, 10, 16];
        for (let family = 0; family < 64; family++) {
          assert.equal(
            verdict(call, family, 1, 0),
            known.includes(family) ? ALLOW : EAFNOSUPPORT,
            `family ${family}`,
          );
        }
        assert.equal(verdict(call, 16, 3, 12), EAFNOSUPPORT);
      }
    });

    it("refuses to push input to a terminal and to change the execution domain", () => {
      assert.equal(verdict(table.checked.ioctl, 0, 0x5412), EPERM);
      assert.equal(verdict(table.checked.ioctl, 0, 0x541c), EPERM);
      assert.equal(verdict(table.checked.ioctl, 0, 0x5401), ALLOW);
      assert.equal(verdict(table.checked.personality, 0), ALLOW);
      assert.equal(verdict(table.checked.personality, 0xffffffff), ALLOW);
      assert.equal(verdict(table.checked.personality, 0x0040000), EPERM);
    });
  });
}

describe("buildSeccompFilter", () => {
  it("has no filter for a machine that it does not know", () => {
    assert.equal(buildSeccompFilter("riscv64"), undefined);
  });
});
