/* SPDX-License-Identifier: Apache-2.0 */
/* How derived facts compare paths, component by component (derive_path.c, derive_scope.c). */
#ifndef PLIMSOLL_CHECKS_DERIVE_PATH_H
#define PLIMSOLL_CHECKS_DERIVE_PATH_H

#include "checks/derive/derive_internal.h"

enum path_relation { PATH_UNRELATED, PATH_EQUAL, PATH_ABOVE, PATH_BELOW };

/* Without "//", "." and ".."; NULL for what is not absolute. Lexical: links are not followed. */
char *derive_path_clean(struct derivation *d, const char *path);
/* What path is to entry, component by component: "/run" is ABOVE "/run/docker.sock". Both clean. */
enum path_relation derive_path_relation(const char *path, const char *entry);
/* As derive_path_clean(), but with the realpath of the longest parent that facts.file knows. */
const char *derive_path_real(struct derivation *d, const char *path);
/* The row of facts.file with that role whose path or realpath is path; -1 = none. */
int64_t derive_file_find(struct derivation *d, Plimsoll__File__Role role, const char *path);

/* Whether a row of facts.file concerns this engine and not another one beside it (derive_scope.c).
 */
bool derive_is_own_file(struct derivation *d, const Plimsoll__File *file);

#endif
