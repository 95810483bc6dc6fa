/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's options as derived facts ask for them (derive_setting.c). */
#ifndef PLIMSOLL_CHECKS_DERIVE_SETTING_H
#define PLIMSOLL_CHECKS_DERIVE_SETTING_H

#include "checks/derive/derive_internal.h"

struct option_pair {
	const char *key;   /* of k=v lists */
	const char *value; /* NULL = masked */
};
enum option_place { OPTION_NOWHERE, OPTION_ARGV, OPTION_EXECSTART, OPTION_FILE, OPTION_DEFAULT };
/* What one place says about one option. */
struct option_value {
	enum option_place place;
	const char *text; /* scalars */
	struct option_pair *pairs;
	guint n_pairs;
	const char *trouble; /* it is there, but says nothing usable: why */
};

/* The row of an option; never NULL for the names of derive_setting.c's table. */
const Derived__Setting *derive_setting(const struct derivation *d, const char *name);
bool derive_setting_is(const struct derivation *d, const char *name, const char *value);
/* What the configuration shows now: argv of the serving dockerd, else ExecStart; file; default. */
struct option_value derive_setting_configured(struct derivation *d, const char *name);
/* Why the configuration file's content is not known: OK, also when it is known to be absent. */
struct reason derive_config_reason(struct derivation *d);
const char *derive_option_place_text(enum option_place place);

#endif
