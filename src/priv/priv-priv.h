/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the address sanitizer is in: its runtime needs what a sandbox takes away. */
#ifndef MS_PRIV_PRIV_PRIV_H
#define MS_PRIV_PRIV_PRIV_H

#if defined(__SANITIZE_ADDRESS__)
#define MS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MS_SANITIZER 1
#endif
#endif

#endif
