package explore

import (
	"fmt"

	"slotrace/engine/visible"
)

// Describe names an operation for whoever has only its numbers.
func Describe(op visible.Op) string {
	if op.High == op.Low+1 {
		return fmt.Sprintf("%s (%s) of object %d, %d", op.Kind, op.Step, op.Object, op.Low)
	}
	return fmt.Sprintf("%s (%s) of object %d, bytes %d to %d", op.Kind, op.Step, op.Object, op.Low, op.High)
}
