//go:build wasip1

package net

import "time"

func setNoDelay(fd *netFD, noDelay bool) error { return fd.setSwitch(optionNoDelay, noDelay) }

func setKeepAliveIdle(fd *netFD, d time.Duration) error {
	if d < 0 {
		return nil
	}
	if d == 0 {
		d = defaultTCPKeepAliveIdle
	}
	return fd.setOption(optionKeepIdle, int(roundDurationUp(d, time.Second)))
}

// The interval and the number of probes are the host's.
func setKeepAliveInterval(fd *netFD, d time.Duration) error { return nil }
func setKeepAliveCount(fd *netFD, n int) error              { return nil }
