import { Dialog } from "@base-ui/react/dialog";
import type { ReactNode } from "react";

/** A dialog: the focus stays in it, Escape closes it. */
export function Window({
  children,
  onClose,
  title,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="window">
          <header>
            <Dialog.Title>{title}</Dialog.Title>
            <Dialog.Close className="quiet">Close</Dialog.Close>
          </header>
          <div className="body">{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
