/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller's engine (h248/mgc.h) on the network: the gateways of the configuration, their control
 * associations over UDP, TCP and SCTP, and what is known of them over a restart.
 */
#ifndef MS_BORDER_GATEWAYS_H
#define MS_BORDER_GATEWAYS_H

#include <jansson.h>

#include "border/gateways-config.h"
#include "core/profile.h"
#include "daemon/counter.h"
#include "daemon/log.h"
#include "gcp/gcp.h"
#include "h248/mgc.h"
#include "hep/hep.h"

struct ms_border_gateways; /* owned by the program */

/**
 * Opens the ports and takes up the gateways that had registered before. Configuration, H.248 profile and
 * project profile are borrowed. `error` gets a sentence on failure. Negative errno.
 */
MS_MUST_CHECK int ms_border_gateways_new(const struct ms_border_h248_config *config,
					 const struct ms_h248_profile *h248,
					 const struct ms_profile *profile, struct ms_buf *error,
					 struct ms_border_gateways **ret_g);

/** H.248 messages are exported there from now on; borrowed, NULL: not. */
void ms_border_gateways_export(struct ms_border_gateways *g, struct ms_hep_sender *hep);

/**
 * The gateways of another configuration, whose other keys of `h248` are the same: new ones may register;
 * those that are no longer in it get no new calls and are forgotten with their last one. `config` is
 * borrowed from now on in place of the one before. On failure all is as it was, and `error` has a
 * sentence. -EBUSY (from none to some, or back), -ENOMEM, -EINVAL.
 */
MS_MUST_CHECK int ms_border_gateways_change(struct ms_border_gateways *g,
					    const struct ms_border_h248_config *config,
					    struct ms_buf *error);

/** Closes at once; contexts must be gone. NULL is fine. Returns NULL. */
struct ms_border_gateways *ms_border_gateways_free(struct ms_border_gateways *g);

/** Borrowed. NULL when no gateway is configured. */
struct ms_mgc *ms_border_gateways_mgc(struct ms_border_gateways *g);

/** Control: all gateways with state, profile, contexts. New reference. */
MS_MUST_CHECK json_t *ms_border_gateways_list(const struct ms_border_gateways *g);

/** No new calls for this gateway, or new ones again; false: there is no such gateway. */
bool ms_border_gateways_drain(struct ms_border_gateways *g, const char *name, bool drain);

/** What happened at controller and anchor, by its name. */
void ms_border_gateways_count(void *arg, const char *event);

extern struct ms_counter_set ms_border_h248_counters;
extern struct ms_log_category ms_border_h248_log;

#endif
