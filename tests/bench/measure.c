/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command with its output thrown away; prints wall time in microseconds, CPU time in
 * microseconds, peak resident memory in KB and the exit code. A program of its own because the
 * kernel counts the memory of the process that called exec as the command's: a script
 * interpreter's is larger than ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long microseconds(struct timeval time)
{
	return (long long)time.tv_sec * 1000000 + time.tv_usec;
}

static long long now(void)
{
	struct timespec time = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (long long)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	long long started = now();
	pid_t pid = -1;
	int status = 0;
	int failed = 0;

	if (argc < 2)
		return 2;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	failed = posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (failed != 0 || wait4(pid, &status, 0, &usage) < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(failed != 0 ? failed : errno));
		return 2;
	}
	printf("%lld %lld %ld %d\n", now() - started,
	       microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
