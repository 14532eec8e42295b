import { type ReactNode, useState } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { textOf } from '../api/client.ts';
import { Button } from './button.tsx';
import type { ButtonLook } from './button-class.ts';
import { Notice } from './notice.tsx';
import './dialog.css';

/** Something to be settled before anything else; Escape and a press beside it close it. */
export function Dialog({
  title,
  isOpen,
  onClose,
  children,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="modal">
        <AriaDialog className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks before something that cannot be taken back; stays open and says why when it fails. */
export function ConfirmDialog({
  title,
  children,
  action,
  look = 'danger-solid',
  isOpen,
  onClose,
  onConfirm,
}: {
  title: string;
  children: ReactNode;
  /** What the button says, as a verb: “End event”. */
  action: string;
  look?: ButtonLook;
  isOpen: boolean;
  onClose: () => void;
  onConfirm: () => Promise<unknown>;
}) {
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const close = () => {
    setFailure(undefined);
    onClose();
  };
  const confirm = async () => {
    setPending(true);
    setFailure(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close}>
      <div className="dialog-body">
        <div>{children}</div>
        {failure !== undefined && <Notice level="danger">{failure}</Notice>}
      </div>
      <div className="dialog-buttons">
        <Button onPress={close}>Cancel</Button>
        <Button look={look} onPress={confirm} isPending={pending} autoFocus>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
