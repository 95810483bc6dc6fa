/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of its corpus, where libFuzzer is not linked. */
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

static bool replay_file(const char *path)
{
	g_autofree char *data = NULL;
	g_autoptr(GError) error = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &data, &size, &error)) {
		fprintf(stderr, "%s\n", error->message);
		return false;
	}
	/* an exact copy, so that a sanitizer sees a read past the end */
	g_autofree uint8_t *copy = g_memdup2(data, size);
	printf("%s: %zu bytes\n", path, size);
	LLVMFuzzerTestOneInput(copy, size);
	return true;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = argc == 2 ? g_dir_open(argv[1], 0, &error) : NULL;
	const char *name = NULL;
	int replayed = 0;

	if (dir == NULL) {
		fprintf(stderr, "%s\n", error == NULL ? "usage: TARGET CORPUS" : error->message);
		return 2;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(argv[1], name, NULL);
		if (!replay_file(path))
			return 1;
		replayed++;
	}
	return replayed > 0 ? 0 : 1;
}
