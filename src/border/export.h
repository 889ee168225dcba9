/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section `hep:` of the configurations of IMS-ALG and IBCF: SIP and H.248 as they are on the wire,
 * for HOMER and `mediasec trace`.
 */
#ifndef MS_BORDER_EXPORT_H
#define MS_BORDER_EXPORT_H

#include "core/buf.h"
#include "daemon/config.h"
#include "gcp/gcp.h"
#include "hep/hep.h"
#include "sip/proxy.h"

struct ms_border_hep_config {
	struct ms_addr address; /* unset: none */
	uint64_t id;
	const char *password_file; /* "": none */
};

extern const struct ms_config_field ms_border_hep_fields[];

/** The section over a struct ms_border_hep_config. */
#define MS_BORDER_HEP_CONFIG(s, m)                                                          \
	{                                                                                   \
		.key = "hep", .type = MS_CONFIG_MAP, .offset = offsetof(s, m),              \
		.fields = ms_border_hep_fields, .help = "Export of what passes, in HEPv3.", \
	}

/** *ret_hep NULL: not configured. `error` gets a sentence on failure. Negative errno. */
MS_MUST_CHECK int ms_border_hep_open(const struct ms_border_hep_config *c, struct ms_buf *error,
				     struct ms_hep_sender **ret_hep);

/** As struct ms_sip_proxy_handlers.trace tells it; tied together by the Call-ID. hep may be NULL. */
void ms_border_export_sip(struct ms_hep_sender *hep, bool sent, const struct ms_sip_hop *hop,
			  const struct ms_addr *own, struct ms_span message);

/** As ms_gcp_tap_f tells it; `mid` is our own message identifier. hep may be NULL. */
void ms_border_export_h248(struct ms_hep_sender *hep, const char *mid,
			   const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
			   struct ms_span message);

#endif
