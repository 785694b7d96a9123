/*
 * seccomp filters. The front's is a list of what is kept, the keeper's one of what is taken away,
 * because libraries that resolve names and speak TLS call more than anybody can list. What is not
 * allowed fails with EPERM: a rare path of a library then reports an error instead of ending logins
 * for everybody.
 */
#include "io/confine_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A call by name, so that one that this architecture or library does not know is left out. With
 * `mask`, only when argument `argument` has exactly `value` under it. */
struct call {
	const char *name;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

#define WHOLE UINT32_MAX

/* clang-format off */
static const struct call front_calls[] = {
	/* the loop: waiting */
	{"epoll_wait",        0, 0, 0},
	{"epoll_pwait",       0, 0, 0},
	{"epoll_pwait2",      0, 0, 0},
	{"epoll_ctl",         0, 0, 0},
	{"poll",              0, 0, 0}, /* libraries wait for one socket with it */
	{"ppoll",             0, 0, 0},
	{"eventfd2",          0, 0, 0}, /* waking the loop */
	{"timerfd_settime",   0, 0, 0}, /* precise timers */
	{"clock_gettime",     0, 0, 0}, /* where the vDSO has no clock */
	{"clock_getres",      0, 0, 0},
	{"gettimeofday",      0, 0, 0},
	{"time",              0, 0, 0},
	{"clock_nanosleep",   0, 0, 0},
	{"nanosleep",         0, 0, 0},
	{"sched_yield",       0, 0, 0},
	{"restart_syscall",   0, 0, 0}, /* the kernel itself, after a stop */

	/* sockets that exist: browsers, the keeper */
	{"accept4",           0, 0, 0},
	{"accept",            0, 0, 0},
	{"read",              0, 0, 0},
	{"readv",             0, 0, 0},
	{"recvfrom",          0, 0, 0},
	{"recvmsg",           0, 0, 0},
	{"write",             0, 0, 0}, /* the log, too */
	{"writev",            0, 0, 0},
	{"sendto",            0, 0, 0},
	{"sendmsg",           0, 0, 0},
	{"shutdown",          0, 0, 0},
	{"close",             0, 0, 0},
	{"getsockopt",        0, 0, 0},
	{"setsockopt",        0, 0, 0},
	{"getsockname",       0, 0, 0},
	{"getpeername",       0, 0, 0},
	{"fcntl",             0, 0, 0}, /* O_NONBLOCK, FD_CLOEXEC */
	{"ioctl",             1, WHOLE, FIONREAD}, /* how much there is to read */
	{"ioctl",             1, WHOLE, FIONBIO},
	{"lseek",             0, 0, 0}, /* stdio on the log */
	{"fstat",             0, 0, 0},
	{"newfstatat",        3, AT_EMPTY_PATH, AT_EMPTY_PATH}, /* fstat() is this */

	/* memory: none that is executable */
	{"brk",               0, 0, 0},
	{"mmap",              2, PROT_EXEC, 0},
	{"mprotect",          2, PROT_EXEC, 0},
	{"mremap",            0, 0, 0},
	{"munmap",            0, 0, 0},
	{"madvise",           0, 0, 0},
	{"mlock",             0, 0, 0}, /* libsodium's locked memory */
	{"munlock",           0, 0, 0},

	/* itself */
	{"futex",             0, 0, 0},
	{"getrandom",         0, 0, 0},
	{"getpid",            0, 0, 0}, /* TLS libraries notice a fork by it */
	{"gettid",            0, 0, 0}, /* abort() */
	{"tgkill",            0, 0, 0},
	{"rt_sigaction",      0, 0, 0},
	{"rt_sigprocmask",    0, 0, 0},
	{"rt_sigreturn",      0, 0, 0},
	{"sigaltstack",       0, 0, 0},
	{"exit",              0, 0, 0},
	{"exit_group",        0, 0, 0},

#ifdef CONFINE_SANITIZED
	/* the leak check at exit: a tracer of its own, which reads /proc */
	{"clone",             0, 0, 0},
	{"getppid",           0, 0, 0},
	{"prctl",             0, 0, 0},
	{"ptrace",            0, 0, 0},
	{"wait4",             0, 0, 0},
	{"open",              0, 0, 0},
	{"openat",            0, 0, 0},
	{"getdents",          0, 0, 0},
	{"getdents64",        0, 0, 0},
	{"readlink",          0, 0, 0},
	{"getrlimit",         0, 0, 0},
	{"prlimit64",         0, 0, 0},
#endif
};

static const struct call keeper_denied[] = {
	/* starting programs */
	{"execve",            0, 0, 0},
	{"execveat",          0, 0, 0},

	/* looking into other processes */
	{"process_vm_readv",  0, 0, 0},
	{"process_vm_writev", 0, 0, 0},
	{"process_madvise",   0, 0, 0},
	{"pidfd_getfd",       0, 0, 0},
	{"kcmp",              0, 0, 0},
#ifndef CONFINE_SANITIZED
	{"ptrace",            0, 0, 0}, /* the leak check at exit needs it */
#endif

	/* changing what others see */
	{"mount",             0, 0, 0},
	{"umount2",           0, 0, 0},
	{"move_mount",        0, 0, 0},
	{"open_tree",         0, 0, 0},
	{"fsopen",            0, 0, 0},
	{"fsmount",           0, 0, 0},
	{"mount_setattr",     0, 0, 0},
	{"pivot_root",        0, 0, 0},
	{"chroot",            0, 0, 0},
	{"setns",             0, 0, 0},
	{"unshare",           0, 0, 0},
	{"mknod",             0, 0, 0},
	{"mknodat",           0, 0, 0},
	{"swapon",            0, 0, 0},
	{"swapoff",           0, 0, 0},
	{"reboot",            0, 0, 0},
	{"sethostname",       0, 0, 0},
	{"setdomainname",     0, 0, 0},
	{"settimeofday",      0, 0, 0},
	{"clock_settime",     0, 0, 0},
	{"quotactl",          0, 0, 0},
	{"acct",              0, 0, 0},

	/* the kernel's large doors */
	{"init_module",       0, 0, 0},
	{"finit_module",      0, 0, 0},
	{"delete_module",     0, 0, 0},
	{"kexec_load",        0, 0, 0},
	{"kexec_file_load",   0, 0, 0},
	{"bpf",               0, 0, 0},
	{"perf_event_open",   0, 0, 0},
	{"userfaultfd",       0, 0, 0},
	{"io_uring_setup",    0, 0, 0}, /* makes calls that no filter sees */
	{"add_key",           0, 0, 0},
	{"request_key",       0, 0, 0},
	{"keyctl",            0, 0, 0},
	{"open_by_handle_at", 0, 0, 0},
	{"name_to_handle_at", 0, 0, 0},
	{"lookup_dcookie",    0, 0, 0},
	{"syslog",            0, 0, 0},
	{"iopl",              0, 0, 0},
	{"ioperm",            0, 0, 0},
	{"modify_ldt",        0, 0, 0},
	{"personality",       0, 0, 0},
	{"vhangup",           0, 0, 0},
};
/* clang-format on */

static bool add(scmp_filter_ctx filter, uint32_t action, const struct call *call)
{
	const struct scmp_arg_cmp only = {call->argument, SCMP_CMP_MASKED_EQ, call->mask,
					  call->value};
	const int number = seccomp_syscall_resolve_name(call->name);

	if (number == __NR_SCMP_ERROR)
		return true;
	return seccomp_rule_add_array(filter, action, number, call->mask ? 1 : 0, &only) == 0;
}

static bool add_all(scmp_filter_ctx filter, uint32_t action, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!add(filter, action, &calls[i]))
			return false;
	return true;
}

/* The kernel looks at the pointer only when it knows filters. */
static bool is_offered(void)
{
	return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) < 0 &&
	       errno == EFAULT;
}

/* `otherwise` is for calls that are not in the list. The tree makes a call's check as long as the
 * logarithm of the list. */
static enum confine_result load(uint32_t otherwise, uint32_t action, const struct call *calls,
				size_t count)
{
	if (!is_offered())
		return CONFINE_MISSING;

	scmp_filter_ctx filter = seccomp_init(otherwise);
	int result = -ENOMEM;

	if (filter && add_all(filter, action, calls, count)) {
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		result = seccomp_load(filter);
	}
	seccomp_release(filter);
	errno = result < 0 ? -result : 0;
	return result < 0 ? CONFINE_FAILED : CONFINE_DONE;
}

enum confine_result confine_calls_front(void)
{
	return load(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ALLOW, front_calls,
		    sizeof(front_calls) / sizeof(front_calls[0]));
}

enum confine_result confine_calls_keeper(void)
{
	return load(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), keeper_denied,
		    sizeof(keeper_denied) / sizeof(keeper_denied[0]));
}
