"""What `explore` says: every bug that is about threads and orders is caught, and a failure replays."""
import re
import subprocess
import sys

# Bug, the scenario that is for it, and what the failure says.
EXPECTED = [
    ('b1-unlocked-growth', 'grow-same', 'levels|never there|not there|lost|scan:'),
    ('b2-no-recheck', 'grow-same', 'the table has 5 levels, 4 were needed'),
    ('b3-torn-top', 'grow-apart', 'Address already in use|never there|is over'),
    ('b4-shared-flag', 'device-over', 'device at .* is over'),
    ('b5-no-wait', 'device-remap', 'device at .* is over'),
    ('b6-late-root', 'device-root', 'device at .* finds 0x0, which is over'),
    ('b7-endless-growth', 'oom-end', 'nobody gets on'),
    ('b10-no-downgrade', 'downgrade', 'Cannot allocate'),
    ('b11-stale-replicas', 'downgrade', 'replicas|is over'),
    ('b12-large-at-zero', 'grow-large', 'is over'),
    ('b14-holes', 'grow-low', 'unmap of .* says 4096 of 0 bytes'),
    ('b16-free-at-once', 'replace', 'is free'),
    ('b17-relaxed-link', 'lookup', 'zeroed .* does not happen before'),
    ('b19-walk-cache', 'device-covering', 'free'),
    ('b20-short-flush', 'device-part', 'device at .* is over'),
    ('b22-one-less', 'device-pages', 'device at .* is over'),
    ('not-zeroed', 'install', 'Address already in use'),
    ('loser-keeps-own', 'install', 'is not there'),
    ('relaxed-publish', 'install', 'zeroed .* does not happen before'),
    ('relaxed-failure', 'install', 'zeroed .* does not happen before'),
    ('relaxed-top', 'grow-same', 'zeroed .* does not happen before'),
    ('relaxed-leaf', 'payload', 'wrote it .* does not happen before'),
    ('double-free', 'install', 'freed twice'),
    ('early-unlock', 'install', 'is not there|lost'),
    ('wrong-replicas', 'replicas', 'replicas are missing'),
    ('no-grace', 'replace', 'is free'),
]
CAUGHT = re.compile(r'caught (\S+) after (\d+) schedules \(([\d.]+) s\) by (\S+): (.*)')


def explore(program, *args):
    return subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300)


def mutants(program):
    listed = explore(program, '--list').stdout.partition('bugs for --break:\n')[2].splitlines()
    bad = {line.split()[0] for line in listed} != {bug for bug, _, _ in EXPECTED}
    if bad:
        print('BAD', 'the bugs of --list are others than those here')
    for bug, scenario, words in EXPECTED:
        run = explore(program, '--break', bug, '--scenario', scenario, '--schedules', '60000')
        last = run.stdout.splitlines()[-1]
        match = CAUGHT.fullmatch(last)
        ok = (run.returncode == 13 and match and match[1] == bug
              and match[4].split('/')[0] == scenario and re.search(words, match[5]))
        print('ok ' if ok else 'BAD', f'{bug}: exit {run.returncode}, {last}')
        bad += not ok
    # The same without the bug: explore/clean. Without --scenario the bug is found as well.
    run = explore(program, '--break', 'double-free')
    if run.returncode != 13 or not CAUGHT.fullmatch(run.stdout.splitlines()[-1]):
        print('BAD', run.stdout)
        bad += 1
    return bad


def replay(program):
    bad = 0
    for bug, scenario in ('relaxed-failure', 'install'), ('b2-no-recheck', 'grow-same'), \
            ('b7-endless-growth', 'oom-end'), ('no-grace', 'replace'):
        first = explore(program, '--break', bug, '--scenario', scenario)
        command = re.search(r'^replay: explore (.*)$', first.stdout, re.M)[1]
        again = explore(program, *command.split())
        clean = explore(program, *[a for a in command.split() if a not in ('--break', bug)])
        messages = [CAUGHT.fullmatch(run.stdout.splitlines()[-1]) for run in (first, again)]
        ok = (again.returncode == 13 and all(messages) and messages[0][5] == messages[1][5]
              and clean.returncode == 0 and f'again: explore {command}\n' in first.stderr
              and re.search(r'^ *\d+ .*T\d', again.stderr, re.M))
        print('ok ' if ok else 'BAD', command, again.stdout, sep='\n')
        bad += not ok
    return bad


def usage(program):
    bad = 0
    for args in (['--scenario', 'nonesuch'], ['--break', 'nonesuch'], ['--mode', 'bfs'], ['--seed', '-1'],
                 ['--preemptions', 'two'], ['--replay', '1s1'], ['--nonesuch'], ['install'],
                 ['--scenario', 'install/lockless', '--replay', 'x']):
        run = explore(program, *args)
        ok = run.returncode == 64 and 'explore: ' in run.stderr
        print('ok ' if ok else 'BAD', args, run.returncode, run.stderr.strip())
        bad += not ok
    for args, word in (['--help'], '--replay'), (['--list'], 'install/lockless'):
        run = explore(program, *args)
        ok = run.returncode == 0 and word in run.stdout
        print('ok ' if ok else 'BAD', args)
        bad += not ok
    return bad


if __name__ == '__main__':
    sys.exit(bool({'mutants': mutants, 'replay': replay, 'usage': usage}[sys.argv[1]](sys.argv[2])))
