/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSL keeps of a handshake and no session of ours needs. */
#include "tls/tls-priv.h"

void ms_tls_strip(struct ms_tls *t)
{
	(void)t;
}
