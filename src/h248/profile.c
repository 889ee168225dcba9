/* SPDX-License-Identifier: Apache-2.0 */
/* The H.248 profiles by name. */
#include "h248/coding.h"

const struct ms_h248_profile *ms_h248_profile_find(struct ms_span name)
{
	static const struct ms_h248_profile *const all[] = {
		&ms_h248_profile_iq,
		&ms_h248_profile_ix,
		&ms_h248_profile_mp,
	};
	struct ms_span bare = ms_span_cut(&name, '/');

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (ms_span_is_nocase(bare, all[i]->name))
			return all[i];
	return NULL;
}
