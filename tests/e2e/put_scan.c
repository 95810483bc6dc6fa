/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put_scan DATA [FINGERPRINT FACTS]...: one sweep whose answers stand in files of saved facts. For
 * tests of what `plimsoll scan --store` leaves behind; no connection is made.
 */
#include <stdio.h>

#include "proto/facts_json.h"
#include "server/cli/scan_store.h"

static bool put(struct scan_store *store, const char *fingerprint, char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize size = 0;
	bool read = g_file_get_contents(path, &text, &size, &error);
	PLIMSOLL_AUTO(collection)
	*collection = read ? facts_json_read(text, size, &error) : NULL;
	const struct ssh_target target = {.name = path};
	const struct sweep_result result = {.target = &target,
					    .collection = collection,
					    .key_type = "ssh-ed25519",
					    .fingerprint = fingerprint,
					    .transport = "ssh-openssh",
					    .transport_reason = "ssh_config names a ProxyJump",
					    .engine_way = "dial-stdio"};

	if (collection != NULL && scan_store_put(store, &result, &error))
		return true;
	(void)fprintf(stderr, "put_scan: %s: %s\n", path, error->message);
	return false;
}

int main(int argc, char **argv)
{
	struct site_options options = {.data = argc > 1 ? argv[1] : NULL};
	int done = 0;
	PLIMSOLL_AUTO(scan_store) *store = scan_store_open("scan", &options, &done);

	for (int i = 2; store != NULL && i + 1 < argc; i += 2)
		if (!put(store, argv[i], argv[i + 1]))
			done = 4;
	return done;
}
