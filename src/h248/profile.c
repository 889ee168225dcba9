/* SPDX-License-Identifier: Apache-2.0 */
/* What the H.248 profiles are called. */
#include "h248/coding.h"

const char *ms_h248_profile_name(const struct ms_h248_profile *p, const struct ms_profile *values)
{
	return (const char *)values + p->name;
}
