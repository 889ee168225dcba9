/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of mediasec-mgw: starts the roles, watches them, answers the operator. */
#ifndef MS_MGW_PARENT_H
#define MS_MGW_PARENT_H

#include "daemon/daemon.h"

extern const struct ms_daemon_app ms_mgw_app;

#endif
