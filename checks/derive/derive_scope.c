/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which configuration files are this engine's (RULES 0.3). A host may run several engines and the
 * agent looks at the files of all; a daemon.json of another one must neither fail nor pass here.
 */
#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"

#define SYSTEM_CONFIG_DIR "/etc/docker"

static bool is_in(const char *path, const char *directory)
{
	enum path_relation relation = derive_path_relation(path, directory);

	return relation == PATH_EQUAL || relation == PATH_BELOW;
}

/* "/etc/docker/certs.d" of "/etc/docker". */
static bool is_certificate(const char *path, const char *directory)
{
	g_autofree char *certificates = g_build_filename(directory, "certs.d", NULL);

	return is_in(path, certificates);
}

bool derive_is_own_file(struct derivation *d, const Plimsoll__File *file)
{
	const Derived__Place *place = d->out->place;
	const char *config = derive_path_clean(d, place->config_path);
	const char *path = derive_path_clean(d, file->path);
	g_autofree char *directory = config != NULL ? g_path_get_dirname(config) : NULL;
	/* a rootless engine has the folder of its user instead */
	bool has_system_dir = !place->has_rootless || !place->rootless;

	if (config == NULL || path == NULL || !file->has_role)
		return true;
	if (file->role == PLIMSOLL__FILE__ROLE__DAEMON_JSON)
		return strcmp(path, config) == 0;
	if (file->role == PLIMSOLL__FILE__ROLE__CONFIG_DIR)
		return strcmp(path, directory) == 0 ||
		       (has_system_dir && strcmp(path, SYSTEM_CONFIG_DIR) == 0);
	if (file->role == PLIMSOLL__FILE__ROLE__CERTS_D)
		return is_certificate(path, directory) ||
		       (has_system_dir && is_certificate(path, SYSTEM_CONFIG_DIR));
	return true;
}

void derive_scope(struct derivation *d)
{
	for (size_t i = 0; i < d->facts->n_file; i++) {
		const Plimsoll__File *file = d->facts->file[i];
		Derived__EngineFile *row;

		if (!file->has_role || (file->role != PLIMSOLL__FILE__ROLE__DAEMON_JSON &&
					file->role != PLIMSOLL__FILE__ROLE__CONFIG_DIR &&
					file->role != PLIMSOLL__FILE__ROLE__CERTS_D))
			continue;
		if (!derive_is_own_file(d, file))
			continue;
		row = derive_new(d, &derived__engine_file__descriptor);
		WIRE_SET(row, file, (int64_t)i);
		DERIVE_ADD(d, engine_file, row);
	}
}
