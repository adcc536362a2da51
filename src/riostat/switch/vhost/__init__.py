"""vhost-user: how a guest that lives in another process shares its memory and rings.

`messages` is the wire format; `protocol` the back end's session, which checks everything a front
end says and does no I/O; `server` the sockets around it; `frontend` the other side, with which a
process is a guest. Rings themselves are the data plane's (`riostat.switch.kernels`).
"""
