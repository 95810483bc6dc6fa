/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a program, for tests of programs: what it wrote, and how it ended. */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_PROGRAM_RUN_H
#define PLIMSOLL_TESTS_UNIT_SERVER_PROGRAM_RUN_H

struct run {
	char *out;
	char *err;
	int code;
};

/* Runs argv in a folder (NULL: in this one) to its end; it must exit by itself. gives: free with
 * run_done(). */
struct run run_argv(const char *folder, char **argv);
void run_done(struct run *run);
#define RUN_AUTO __attribute__((cleanup(run_done))) struct run

#endif
