/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived facts: the algorithms of the rules, computed once per report and read by checks as tables
 * (derived.proto). Pure. One file per algorithm: derive_gate.c, derive_setting.c,
 * derive_listener.c, derive_audit.c, derive_mount.c, derive_capability.c, derive_namespace.c,
 * derive_publish.c, derive_place.c.
 */
#ifndef PLIMSOLL_CHECKS_DERIVE_H
#define PLIMSOLL_CHECKS_DERIVE_H

#include "checks/evaluate.h"
#include "proto/arena.h"

/*
 * Computes all derived tables of one snapshot.
 *
 * gives  a message whose strings live in the arena or in input->facts. Never fails: what is not
 * known says so in its state column.
 */
Derived__Derived *derive(const struct evaluate_input *input, struct arena *arena);

#endif
