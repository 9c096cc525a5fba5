"""The contenders, each behind the interface of `Peer`."""
