import { DeadlineExceeded } from '../../../pipes/failure.ts'
import { FROM_GUEST, FrameReader, TO_GUEST } from './frames.ts'
import { GuestCall } from './guest-call.ts'
import { guestFailure, readGoError } from './guest-failure.ts'

/** The flag of a result that is an error of the plugin's. */
const RESULT_ERROR = 1

/** A call of a hook that works on a message and leaves a result. It is known to the guest until the request is over. */
export abstract class HookCall<Result> extends GuestCall {
  protected readonly outcome = Promise.withResolvers<Result>()

  /** Sends what `begin` has begun, and waits. */
  protected ask(): Promise<Result> {
    this.link.send()
    this.context.attach(this)
    return this.outcome.promise
  }

  cancel(reason: Error): void {
    this.link.begin(TO_GUEST.release, reason instanceof DeadlineExceeded ? 1 : 0, this.id, 0)
    this.link.send()
    this.failStreams(reason)
    this.outcome.reject(reason)
    this.forget()
  }

  protected failed(error: Error): void {
    this.outcome.reject(error)
    this.context.detach(this)
    this.forget()
  }

  protected takeHook(kind: number, flags: number, extra: number, payload: Buffer): void {
    const reader = new FrameReader(payload)
    if (kind === FROM_GUEST.fail) this.outcome.reject(guestFailure(flags, reader))
    else if (kind === FROM_GUEST.result) {
      if (flags === RESULT_ERROR) this.outcome.reject(readGoError(reader))
      else this.takeResult(flags, reader)
    } else this.takeMore(kind, flags, extra, reader)
  }

  protected abstract takeResult(flags: number, reader: FrameReader): void

  protected takeMore(_kind: number, _flags: number, _extra: number, _reader: FrameReader): void {}
}
