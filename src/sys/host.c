#include "sys/host.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sys/atomic.h" /* IOPT_SANITIZED */
#include "sys/host_file.h"

#ifndef IOPT_SANITIZED
#include <jemalloc/jemalloc.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* From the build; a compiler called by hand knows none of them. */
#ifndef IOPT_VERSION
#define IOPT_VERSION "unknown"
#endif
#ifndef IOPT_COMMIT
#define IOPT_COMMIT "unknown"
#endif
#ifndef IOPT_FLAGS
#define IOPT_FLAGS ""
#endif

const char *const host_version = IOPT_VERSION;

/* What does not fit is cut. */
static void copy(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	length = length < size ? length : size - 1;
	memcpy(out, text, length);
	out[length] = '\0';
}

/* The value behind the first "name : value" or NAME="value" of a file. */
static void find_value(const char *root, const char *path, const char *name, char separator,
		       char *out, size_t size)
{
	size_t length = strlen(name);
	char *text = host_file(root, path), *save = NULL;

	out[0] = '\0';
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, separator), *end;

		if (strncmp(line, name, length) || !value || !strchr("\t =:", line[length]))
			continue;
		value += 1 + strspn(value + 1, " \t\"");
		end = value + strcspn(value, "\"");
		*end = '\0';
		copy(out, size, value);
		break;
	}
	free(text);
}

/* "always [madvise] never": the word in brackets. */
static void find_bracketed(const char *root, const char *path, char *out, size_t size)
{
	char line[256];
	char *from, *to;

	out[0] = '\0';
	if (!host_line(root, path, line, sizeof(line)))
		return;
	from = strchr(line, '[');
	to = from ? strchr(from, ']') : NULL;
	if (!to)
		return;
	*to = '\0';
	copy(out, size, from + 1);
}

#if defined(__x86_64__)
/* CPUID 1 ECX bit 31 is kept for hypervisors, leaf 0x40000000 names them. */
static bool ask_hypervisor(struct host_facts *f)
{
	static const struct {
		const char *id, *name;
	} known[] = {
		{ "KVMKVMKVM", "KVM" },		{ "Microsoft Hv", "Hyper-V" },
		{ "VMwareVMware", "VMware" },	{ "XenVMMXenVMM", "Xen" },
		{ "TCGTCGTCGTCG", "QEMU TCG" }, { "bhyve bhyve ", "bhyve" },
	};
	unsigned a, b, c, d, id[4] = { 0 };
	const char *name = (const char *)id;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31))
		return false;
	__cpuid(0x40000000, a, id[0], id[1], id[2]);
	if (!*name)
		name = "unnamed";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].id))
			name = known[i].name;
	copy(f->hypervisor, sizeof(f->hypervisor), name);
	return true;
}
#endif

static void read_hypervisor(struct host_facts *f, const char *root)
{
	char product[64];

#if defined(__x86_64__)
	if (!*root && ask_hypervisor(f)) /* a made-up machine has no CPUID */
		return;
#endif
	if (host_line(root, "/sys/hypervisor/type", f->hypervisor, sizeof(f->hypervisor)))
		return;
	if (host_line(root, "/sys/class/dmi/id/product_name", product, sizeof(product)) &&
	    (strstr(product, "KVM") || strstr(product, "QEMU") || strstr(product, "Virtual") ||
	     strstr(product, "VMware")))
		copy(f->hypervisor, sizeof(f->hypervisor), product);
}

static void read_frequency(struct host_facts *f, const char *root)
{
	char line[32];

	host_line(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", f->governor,
		  sizeof(f->governor));
	if (host_line(root, "/sys/devices/system/cpu/cpufreq/boost", line, sizeof(line)))
		copy(f->boost, sizeof(f->boost), line[0] == '1' ? "on" : "off");
	else if (host_line(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", line,
			   sizeof(line)))
		copy(f->boost, sizeof(f->boost), line[0] == '0' ? "on" : "off");
}

static int read_flag(const char *root, const char *path)
{
	char line[32];

	return host_line(root, path, line, sizeof(line)) ? atoi(line) : -1;
}

static void read_container(struct host_facts *f, const char *root)
{
	static const char *const known[] = { "docker", "lxc", "kubepods", "podman", "containerd" };
	char *groups;

	if (host_line(root, "/run/systemd/container", f->container, sizeof(f->container)))
		return;
	if (host_exists(root, "/.dockerenv"))
		copy(f->container, sizeof(f->container), "docker");
	else if (host_exists(root, "/run/.containerenv"))
		copy(f->container, sizeof(f->container), "podman");
	groups = host_file(root, "/proc/self/cgroup");
	for (size_t i = 0; groups && !f->container[0] && i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(groups, known[i]))
			copy(f->container, sizeof(f->container), known[i]);
	free(groups);
}

static void read_memory(struct host_facts *f, const char *root)
{
	char value[64];

	find_value(root, "/proc/meminfo", "MemTotal", ':', value, sizeof(value));
	f->memory_bytes = strtoull(value, NULL, 10) * 1024;
}

/* proc(5): "cpu user nice system idle iowait irq softirq steal …" */
static void read_steal(struct host_facts *f, const char *root)
{
	double user, nice, system, irq, softirq, steal;
	char line[256];

	if (host_line(root, "/proc/stat", line, sizeof(line)) &&
	    sscanf(line, "cpu %lf %lf %lf %*f %*f %lf %lf %lf", &user, &nice, &system, &irq,
		   &softirq, &steal) == 6 &&
	    steal > 0)
		f->steal_share = steal / (user + nice + system + irq + softirq + steal);
}

static void read_build(struct host_facts *f)
{
#if defined(__clang__)
	copy(f->compiler, sizeof(f->compiler), "clang " __clang_version__);
#else
	copy(f->compiler, sizeof(f->compiler), "gcc " __VERSION__);
#endif
	copy(f->flags, sizeof(f->flags), IOPT_FLAGS);
	copy(f->version, sizeof(f->version), host_version);
	copy(f->commit, sizeof(f->commit), IOPT_COMMIT);
	copy(f->hwloc, sizeof(f->hwloc), HWLOC_VERSION);
#ifdef IOPT_SANITIZED
	copy(f->jemalloc, sizeof(f->jemalloc), "none (sanitizer build)");
#else
	const char *version = "unknown";
	size_t size = sizeof(version);

	const char *conf = getenv("MALLOC_CONF");

	mallctl("version", &version, &size, NULL, 0);
	copy(f->jemalloc, sizeof(f->jemalloc), version);
	f->jemalloc[strcspn(f->jemalloc, "-")] = '\0'; /* 5.3.0-0-g54eaed1d… */
	copy(f->malloc_conf, sizeof(f->malloc_conf), conf ? conf : "");
#endif
}

static void read_system(struct host_facts *f)
{
	struct utsname u;

	if (uname(&u))
		return;
	copy(f->hostname, sizeof(f->hostname), u.nodename);
	snprintf(f->kernel, sizeof(f->kernel), "%.48s %.72s", u.sysname, u.release);
	copy(f->arch, sizeof(f->arch), u.machine);
}

void host_read_at(struct host_facts *f, const struct topology *t, const char *root)
{
	char line[64];

	*f = (struct host_facts){ 0 };
	read_system(f);
	find_value(root, "/etc/os-release", "PRETTY_NAME", '=', f->os, sizeof(f->os));
	find_value(root, "/proc/cpuinfo", "model name", ':', f->cpu_model, sizeof(f->cpu_model));
	find_value(root, "/proc/cpuinfo", "microcode", ':', f->microcode, sizeof(f->microcode));
	read_hypervisor(f, root);
	read_frequency(f, root);
	host_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		  f->clocksource, sizeof(f->clocksource));
	find_bracketed(root, "/sys/kernel/mm/transparent_hugepage/enabled", f->thp, sizeof(f->thp));
	read_container(f, root);
	f->numa_balancing = read_flag(root, "/proc/sys/kernel/numa_balancing");
	f->smt = read_flag(root, "/sys/devices/system/cpu/smt/active");
	if (f->smt < 0 && t && t->this_system)
		f->smt = t->smt > 1;
	read_memory(f, root);
	host_cgroup(root, &f->cgroup_cpus, &f->cgroup_memory_bytes);
	if (host_line(root, "/proc/loadavg", line, sizeof(line)))
		f->load1 = strtod(line, NULL);
	read_steal(f, root);
	read_build(f);
}

void host_read(struct host_facts *facts, const struct topology *t)
{
	host_read_at(facts, t, "");
}
