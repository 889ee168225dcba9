/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two H.248 messages are the same, member by member: what every codec's round trip is held to. */
#ifndef MS_TEST_H248_TREE_EQUAL_H
#define MS_TEST_H248_TREE_EQUAL_H

#include "h248/message.h"

bool h248_tree_equal(const struct ms_h248_message *a, const struct ms_h248_message *b);

#endif
