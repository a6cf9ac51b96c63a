#include "csms/ca/jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define HIGH_CALLS   0x40000000u /* of x32, the same calls once more */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define HIGH_CALLS   0xffffffffu
#else
#define ARCHITECTURE 0
#define HIGH_CALLS   0
#endif

/* Each fails as if it was not permitted. The line to depotd is open already. */
static const unsigned int forbidden[] = {__NR_socket, __NR_socketpair, __NR_connect, __NR_bind,
	__NR_listen, __NR_accept, __NR_accept4, __NR_execve, __NR_execveat, __NR_ptrace,
	__NR_process_vm_readv, __NR_process_vm_writev, __NR_io_uring_setup, __NR_bpf,
	__NR_perf_event_open, __NR_keyctl, __NR_mount, __NR_init_module, __NR_finit_module,
	__NR_kexec_load, __NR_userfaultfd};

#define FORBIDDEN (sizeof forbidden / sizeof *forbidden)

static int filter_calls(void)
{
	struct sock_filter code[FORBIDDEN + 8];
	struct sock_fprog program = {.filter = code};
	unsigned short n = 0;

	if (ARCHITECTURE == 0)
		return -1;
	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JGE | BPF_K, HIGH_CALLS, FORBIDDEN + 1, 0);
	for (size_t i = 0; i < FORBIDDEN; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], (unsigned char)(FORBIDDEN - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int jail(char how[200])
{
	const struct rlimit nothing = {0, 0};
	bool has_namespace, has_filter;

	setrlimit(RLIMIT_CORE, &nothing);
	prctl(PR_SET_DUMPABLE, 0);
	has_namespace = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	has_filter = filter_calls() == 0;
	snprintf(how, 200, "%s%s%s",
		has_filter ? "a filter of system calls (no socket, no program)" : "",
		has_filter && has_namespace ? " and " : "",
		has_namespace ? "a network of its own without interfaces" : "");
	return has_filter || has_namespace ? 0 : -1;
}
