#include "csms/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "csms/call_filter.h"

/* Not among them: what depotd-ca needs to shut itself in (csms/ca/jail.c), which comes after us. */
static const unsigned int forbidden[] = {
#ifndef __SANITIZE_ADDRESS__ /* its search for leaks stops all threads so */
	__NR_ptrace,
#endif
	__NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp, __NR_bpf, __NR_perf_event_open,
	__NR_userfaultfd, __NR_io_uring_setup, __NR_add_key, __NR_request_key, __NR_keyctl,
	__NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_open_by_handle_at, __NR_swapon,
	__NR_swapoff, __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load,
	__NR_reboot, __NR_syslog, __NR_acct, __NR_quotactl, __NR_setns, __NR_sethostname,
	__NR_setdomainname, __NR_settimeofday, __NR_clock_settime, __NR_adjtimex, __NR_personality,
	__NR_mknodat, __NR_nfsservctl, __NR_vhangup, __NR_lookup_dcookie};

/* Of all of root's rights only this one. Without a library: two calls. */
static int keep_low_ports(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	data[0].permitted = data[0].effective = 1u << CAP_NET_BIND_SERVICE;
	return (int)syscall(SYS_capset, &head, data);
}

static int own(const char *dir, const struct passwd *user)
{
	struct stat st;

	if (stat(dir, &st) != 0 || st.st_uid != 0)
		return 0;
	return chown(dir, user->pw_uid, user->pw_gid);
}

int confine_user(const char *name, const char *dir, char why[300])
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	user = getpwnam(name);
	if (user == NULL || user->pw_uid == 0) {
		snprintf(why, 300, "run_as: %s %.60s: make one with adduser --system --group %.60s",
			user == NULL ? "there is no user" : "that is root, not a user:", name,
			name);
		return -1;
	}
	if (own(dir, user) != 0 || prctl(PR_SET_KEEPCAPS, 1) != 0 ||
		initgroups(name, user->pw_gid) != 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || keep_low_ports() != 0) {
		snprintf(why, 300, "run_as: cannot become %.60s: %s", name, strerror(errno));
		return -1;
	}
	return 0;
}

int confine_calls(void)
{
	const struct rlimit nothing = {0, 0};

	setrlimit(RLIMIT_CORE, &nothing);
	return call_filter(forbidden, sizeof forbidden / sizeof *forbidden);
}
