/* SPDX-License-Identifier: Apache-2.0 */
/* Ties the loader to the built-in tables. Apart from the loader, which is linked into the program
 * that makes these tables.
 */
#include "checks/catalogue_file.h"

struct catalogue *catalogue_new(const char *dir, GError **error)
{
	return catalogue_new_over(&catalogue_builtin, dir, error);
}
