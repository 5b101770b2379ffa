#!/usr/bin/env python3
"""engines.py OBJDUMP OBJECT...: what the compiler must have made of src/pt/engines.c (x86-64).

1. No run or slow function of an engine has an indirect call or jump.
2. They call nothing but their own slow path, locks, and the cold functions that take pages.
3. The ruler `limit` is what it claims, on every path through its loop: three dependent loads, one
   store to the table (none in a lookup), the result and the errno written, and little else; so
   nobody meets a ratio by slowing it.
4. Re-walking siblings are other code than their elders.
5. No hook of --lock-stat is in what is measured, no bug and no stop of the laboratory: such hooks are
   in the objects made for them, and there they are.
"""
import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*?)\s*$")
RELOC = re.compile(r"R_X86_64_(?:PLT32|PC32|GOTPCRELX?|REX_GOTPCRELX)\s+(\S+?)(?:[-+]0x[0-9a-f]+)?$")
ENGINE = re.compile(r"^(amdv1|vtdss)_\w+_(run|slow)(\.\w+)*$")
MAY_CALL = re.compile(
    r"^((amdv1|vtdss)_\w+_slow(\.\w+)*|pt_install|pt_grow|pt_grow_2019|pt_retire_tree|pt_vacant|page_desc_single"
    r"|kmutex_\w+|qspin_\w+|pthread_mutex_(un)?lock)$")
LOCAL = re.compile(r"<(.+?)(\+0x[0-9a-f]+)?>")
LIMIT_LONGEST = 60  # instructions from entry to return, one operation carried out


def disassemble(objdump, path):
    """{function: [(address, mnemonic, operands, relocation or None)]}"""
    text = subprocess.run([objdump, "-dr", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    functions, name = {}, None
    for line in text.splitlines():
        if m := FUNCTION.match(line):
            name = m.group(1)
            functions[name] = []
        elif name and (m := RELOC.search(line)) and functions[name]:
            functions[name][-1][3] = m.group(1)
        elif name and (m := LINE.match(line)) and "R_X86_64" not in line:
            functions[name].append([int(m.group(1), 16), m.group(2), m.group(3), None])
    return functions


def calls_of(code):
    """Names called, directly; indirect ones as '*'."""
    for _, mnemonic, operands, reloc in code:
        mnemonic = mnemonic.split()[-1]
        if mnemonic in ("bnd", "notrack"):
            mnemonic, _, operands = operands.partition(" ")
        if mnemonic.startswith("call") or mnemonic == "jmp":
            if operands.lstrip().startswith("*"):
                yield "*"
            elif reloc:
                yield reloc
            elif mnemonic.startswith("call") and (m := LOCAL.search(operands)):
                yield m.group(1)


def check_calls(functions):
    wrong = []
    for name, code in functions.items():
        for target in calls_of(code) if ENGINE.match(name) else ():
            if target == "*":
                wrong.append(f"{name}: indirect call or jump")
            elif not target.startswith(".text") and not MAY_CALL.match(target):
                wrong.append(f"{name}: calls {target}")
    return wrong


# What a hook refers to: the object made for such hooks, and others that may know of it (never measured).
HOOKS = {
    "pt_observing": ("/pt/engines_stat.c.o", ()),
    "pt_mutant_on": ("/pt/engines_lab.c.o", ("/pt/mutant.c.o", "/iotlb/")),
    "lab_stop": ("/pt/engines_lab.c.o", ("/pt/lab.c.o", "/iotlb/")),
}


def check_hooks(objdump, objects):
    """No hook is in what is measured. That one would be seen is seen where they belong."""
    tables = {path: subprocess.run([objdump, "-t", path], check=True, capture_output=True,
                                   text=True).stdout.split() for path in objects}
    wrong = []
    for symbol, (home, others) in HOOKS.items():
        known = [path for path in objects if symbol in tables[path]]
        if not any(path.endswith(home) for path in known):
            wrong.append(f"{home} does not refer to {symbol}")
        wrong += [f"{path}: refers to {symbol}" for path in known
                  if not path.endswith(home) and not any(o in path for o in others)]
    return wrong


def check_siblings(functions):
    """A re-walking sibling is other code than its elder: the switch reached the compiler."""
    wrong, pairs = [], 0
    for name, code in functions.items():
        elder = functions.get(name.replace("_rewalk_slow", "_slow"))
        if "_rewalk_slow" in name and elder:
            pairs += 1
            if [line[1] for line in code] == [line[1] for line in elder]:
                wrong.append(f"{name}: the same instructions as without rewalk")
    return wrong if pairs else ["no re-walking siblings found"]


REG = re.compile(r"%(\w+)")
WIDE = {}
for base in "abcd":
    for alias in (f"r{base}x", f"e{base}x", f"{base}x", f"{base}l"):
        WIDE[alias] = f"r{base}x"
for base in ("si", "di", "bp", "sp"):
    for alias in (f"r{base}", f"e{base}", base, f"{base}l"):
        WIDE[alias] = f"r{base}"
for number in range(8, 16):
    for suffix in ("", "d", "w", "b"):
        WIDE[f"r{number}{suffix}"] = f"r{number}"


def split_operands(text):
    """AT&T operands, commas inside parentheses kept."""
    return [o.strip() for o in re.split(r",(?![^(]*\))", text.split("<")[0].split("#")[0]) if o.strip()]


def registers(operand):
    return [WIDE[r] for r in REG.findall(operand) if r in WIDE]


class Path:
    """One way through the loop: how many loads each register is behind."""

    def __init__(self):
        self.depth, self.deepest, self.table_stores, self.op_stores, self.length = {}, 0, [], [], 0

    def copy(self):
        p = Path()
        p.depth, p.deepest, p.length = dict(self.depth), self.deepest, self.length
        p.table_stores, p.op_stores = list(self.table_stores), list(self.op_stores)
        return p

    def of(self, regs):
        return max((self.depth.get(r, 0) for r in regs), default=0)

    def step(self, mnemonic, operands):
        ops = split_operands(operands)
        self.length += 1
        if not ops or mnemonic.startswith(("j", "cmp", "test", "push", "pop", "nop", "ret")):
            if ops and mnemonic.startswith(("cmp", "test")):
                self.note_load(mnemonic, ops)
            return
        dst, srcs = ops[-1], ops[:-1]
        if "(" in dst and not mnemonic.startswith("lea"):
            depth = self.of(registers(dst))
            (self.table_stores if depth >= 2 else self.op_stores).append((depth, dst))
            return
        depth = self.note_load(mnemonic, srcs)
        if not mnemonic.startswith(("mov", "lea")):
            depth = max(depth, self.of(registers(dst)))
        for reg in registers(dst):
            self.depth[reg] = depth

    def note_load(self, mnemonic, srcs):
        depth = 0
        for src in srcs:
            d = self.of(registers(src))
            if "(" in src and not mnemonic.startswith("lea"):
                # A field of the operation or of pt is the first; only table entries deepen.
                base = self.of(registers(src.split("(")[1].split(",")[0])[:1] or [])
                d = self.load_depth(src, base, d)
            depth = max(depth, d)
        return depth

    def load_depth(self, src, base, d):
        # The operation's own fields carry no pointer: only pt->top (depth 1) leads on.
        depth = (base if "," in src else d) + 1
        self.deepest = max(self.deepest, depth)
        return depth


def walk(code):
    """All paths from the entry to a return, each back edge taken at most once."""
    index = {line[0]: i for i, line in enumerate(code)}
    todo, done = [(0, Path(), frozenset())], []
    while todo:
        i, path, taken = todo.pop()
        while i < len(code):
            _, mnemonic, operands, _ = code[i]
            path.step(mnemonic, operands)
            if mnemonic.startswith("ret"):
                done.append(path)
                break
            if mnemonic.startswith("j"):
                target = index.get(int(operands.split()[0], 16))
                if target is None or (i, target) in taken:
                    break
                if mnemonic != "jmp":
                    todo.append((i + 1, path.copy(), taken | {(i, i + 1)}))
                taken = taken | {(i, target)}
                i = target
                continue
            i += 1
    return done


def check_limit(code):
    wrong = []
    if any(True for _ in calls_of(code)):
        wrong.append("limit calls something")
    once = [p for p in walk(code) if p.op_stores]
    once = [p for p in once if len(p.op_stores) == 2]  # result and err: one operation carried out
    if not once:
        return wrong + ["limit: no path writes result and err"]
    kinds = set()
    for p in once:
        kinds.add(len(p.table_stores))
        if len(p.table_stores) > 1:
            wrong.append(f"limit: {len(p.table_stores)} table stores on a path: {p.table_stores}")
        if any(depth != 3 for depth, _ in p.table_stores):
            wrong.append(f"limit: a store is not behind three loads: {p.table_stores}")
        if p.deepest not in (3, 4):  # 4: the leaf a lookup reads
            wrong.append(f"limit: {p.deepest} dependent loads")
        if p.length > LIMIT_LONGEST:
            wrong.append(f"limit: {p.length} instructions for one operation")
    if 1 not in kinds:
        wrong.append("limit: no path stores to the table")
    return wrong


def main(objdump, objects):
    mine = [o for o in objects if o.endswith("/pt/engines.c.o")]
    if len(mine) != 1:
        sys.exit(f"expected one engines.c.o, got {mine}")
    functions = disassemble(objdump, mine[0])
    engines = [f for f in functions if ENGINE.match(f)]
    if len([f for f in engines if f.endswith("_run")]) < 17:
        sys.exit(f"run functions are missing: {engines}")
    wrong = check_calls(functions) + check_siblings(functions)
    wrong += check_hooks(objdump, objects) + check_limit(functions["amdv1_limit_run"])
    wrong += check_limit(functions["vtdss_limit_run"])
    for line in sorted(set(wrong)):
        print(line)
    print(f"{len(engines)} functions read")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
